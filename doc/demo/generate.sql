-- A store for a shop in Berlin with 3000 customers, 15000 orders and 45000 visits in
-- two years, and every kind of anomaly at its usual rate: the same rows on any machine.
CREATE EXTENSION shopanalytics;

CALL shopanalytics.create_store('demo', timezone => 'Europe/Berlin');
CALL shopanalytics.generate_shop('demo', customers => 3000, days => 730, end_date => '2025-12-31', seed => 7);
