-- A38: what models make of the orders.  It is the user's data: kept when the layers
-- above the base are made anew.
INSERT INTO shopanalytics.store_part (layer, position, name, ddl) VALUES
('base', 70, 'order_flags', $ddl$
CREATE TABLE order_flags (
    order_id text NOT NULL,
    model text NOT NULL,
    version integer NOT NULL,
    score double precision NOT NULL,
    is_flagged boolean NOT NULL,
    reasons jsonb,
    scored_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (order_id, model)
);
COMMENT ON TABLE order_flags IS 'scores of orders by a model; score() and score_order() write it';
COMMENT ON COLUMN order_flags.order_id IS 'key of the order as text';
COMMENT ON COLUMN order_flags.score IS 'probability, by the model, that the order is bad';
COMMENT ON COLUMN order_flags.is_flagged IS 'whether the score reaches the threshold';
COMMENT ON COLUMN order_flags.reasons IS 'what speaks most for the score or against it';
$ddl$),
('base', 71, 'order_model', $ddl$
CREATE TABLE order_model (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    model text NOT NULL,
    version integer NOT NULL,
    threshold double precision NOT NULL,
    bad_orders text,
    features text[] NOT NULL,
    chosen_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE order_model IS 'the model that scores the orders; train_order_anomaly() writes it';
COMMENT ON COLUMN order_model.threshold IS 'score from which an order is flagged';
COMMENT ON COLUMN order_model.bad_orders IS 'what told which orders are bad; null: an issue of severity error';
$ddl$);
