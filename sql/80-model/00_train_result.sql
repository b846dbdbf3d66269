-- What a training returns.  The C functions that train fill it by the names of the
-- attributes.

CREATE TYPE shopanalytics.train_result AS (
    model text,
    version integer,
    kind text,
    status text,
    converged boolean,
    iterations integer,
    n_train bigint,
    n_test bigint,
    n_skipped bigint,
    n_positive bigint,
    log_likelihood float8,
    null_log_likelihood float8,
    aic float8,
    bic float8,
    mcfadden_r2 float8,
    condition_number float8,
    roc_auc float8,
    average_precision float8,
    log_loss float8,
    brier_score float8,
    accuracy float8,
    precision float8,
    recall float8,
    f1 float8,
    threshold float8,
    train_ms float8
);

COMMENT ON TYPE shopanalytics.train_result IS 'a trained version of a model: its status, its fit, and metrics of the test rows from roc_auc on';
