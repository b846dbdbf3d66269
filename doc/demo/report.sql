-- What  make demo  shows of its store; any of it can be typed at the prompt of psql.
\pset footer off
\pset null ''

\echo '== What was loaded, and cleaned into the stage tables'
SELECT b.table_name, b.rows, s.rows AS stage_rows
  FROM shopanalytics.row_counts('demo') b
  JOIN shopanalytics.row_counts('demo') s ON s.table_name = b.table_name || '_stage';

\echo '== Rows of marketplace.csv that could not be loaded'
SELECT line, column_name, value, reason FROM demo.load_reject ORDER BY file, line;

\echo '== Issues found, by rule, and what they do to the business'
SELECT entity, rule, severity, count, revenue, impact FROM demo.anomaly_profile WHERE count > 0;

\echo '== The last days'
SELECT * FROM demo.kpi_daily WHERE day BETWEEN '2025-12-25' AND '2025-12-31' ORDER BY day;

\echo '== Revenue by segment and by channel'
SELECT * FROM demo.revenue_by_segment_channel WHERE level <> 'segment and channel';
