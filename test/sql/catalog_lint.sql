-- The rules that every object of the extension and of a store keeps, asked of the
-- catalog.  The view violation has no row; further down each rule is
-- shown to find an object that breaks it.
CALL shopanalytics.create_store('lint_store');

-- What is looked at: the members of the extension, and what it makes in a store.
CREATE TEMP VIEW member AS
SELECT d.classid, d.objid
  FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
 WHERE e.extname = 'shopanalytics' AND d.deptype = 'e';

CREATE TEMP VIEW function AS
SELECT p.*, l.lanname, p.proname NOT LIKE E'\\_%' AND NOT EXISTS (
           SELECT FROM pg_depend d WHERE d.refclassid = 'pg_proc'::regclass AND d.refobjid = p.oid AND d.deptype <> 'e'
              AND (d.classid = 'pg_type'::regclass OR d.classid = 'pg_proc'::regclass AND d.objid IN (SELECT aggfnoid FROM pg_aggregate)))
       AND p.prorettype <> 'trigger'::regtype AS is_public
  FROM pg_proc p JOIN member m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid JOIN pg_language l ON l.oid = p.prolang;

CREATE TEMP VIEW relation AS
SELECT c.*, m.objid IS NOT NULL AS is_member
  FROM pg_class c LEFT JOIN member m ON m.classid = 'pg_class'::regclass AND m.objid = c.oid
 WHERE m.objid IS NOT NULL OR c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'lint_store');

-- Labels other than IMMUTABLE STRICT PARALLEL SAFE; the reason stands beside each in
-- its SQL part.  What is internal to an aggregate may be null, and does not count.
CREATE TEMP TABLE deviating (name text PRIMARY KEY, labels text);
INSERT INTO deviating VALUES
    ('active_users_report', 'stable, called on null, parallel unsafe'),
    ('anchor', 'volatile, strict, parallel unsafe'),
    ('audit_coverage', 'stable, strict, parallel safe'),
    ('audit_disable', 'volatile, called on null, parallel unsafe'),
    ('audit_enable', 'volatile, called on null, parallel unsafe'),
    ('audit_partitions', 'volatile, called on null, parallel unsafe'),
    ('audit_refresh', 'volatile, called on null, parallel unsafe'),
    ('best_threshold', 'stable, called on null, parallel unsafe'),
    ('centers', 'stable, strict, parallel safe'),
    ('clean_preview', 'volatile, called on null, parallel unsafe'),
    ('clean_run', 'volatile, called on null, parallel unsafe'),
    ('cluster', 'stable, strict, parallel safe'),
    ('cluster_distance', 'stable, strict, parallel safe'),
    ('coefficients', 'stable, strict, parallel safe'),
    ('cohort_revenue_report', 'stable, called on null, parallel unsafe'),
    ('compare_models', 'stable, called on null, parallel unsafe'),
    ('conversion_by_device', 'stable, called on null, parallel unsafe'),
    ('cr_add', 'volatile, called on null, parallel unsafe'),
    ('cr_add_query', 'volatile, called on null, parallel unsafe'),
    ('cr_approve', 'volatile, called on null, parallel unsafe'),
    ('cr_expire', 'volatile, strict, parallel unsafe'),
    ('cr_open', 'volatile, called on null, parallel unsafe'),
    ('cr_preview', 'volatile, called on null, parallel unsafe'),
    ('cr_progress', 'stable, called on null, parallel safe'),
    ('cr_reject', 'volatile, called on null, parallel unsafe'),
    ('cr_remove', 'volatile, called on null, parallel unsafe'),
    ('cr_rollback_open', 'volatile, called on null, parallel unsafe'),
    ('cr_submit', 'volatile, called on null, parallel unsafe'),
    ('cr_withdraw', 'volatile, called on null, parallel unsafe'),
    ('customer_features', 'stable, called on null, parallel unsafe'),
    ('distrust_broker', 'volatile, called on null, parallel unsafe'),
    ('dq_accept', 'volatile, called on null, parallel unsafe'),
    ('dq_adopt', 'volatile, called on null, parallel unsafe'),
    ('dq_alert_ack', 'volatile, called on null, parallel unsafe'),
    ('dq_alert_resolve', 'volatile, called on null, parallel unsafe'),
    ('dq_calendar_remove', 'volatile, called on null, parallel unsafe'),
    ('dq_calendar_set', 'volatile, called on null, parallel unsafe'),
    ('dq_check_add', 'volatile, called on null, parallel unsafe'),
    ('dq_check_alter', 'volatile, called on null, parallel unsafe'),
    ('dq_check_remove', 'volatile, called on null, parallel unsafe'),
    ('dq_histogram', 'stable, called on null, parallel unsafe'),
    ('dq_metrics', 'stable, called on null, parallel unsafe'),
    ('dq_purge', 'volatile, called on null, parallel unsafe'),
    ('dq_run', 'volatile, called on null, parallel unsafe'),
    ('dq_store_checks', 'volatile, called on null, parallel unsafe'),
    ('dq_suggest', 'stable, called on null, parallel unsafe'),
    ('drop_encoder', 'volatile, called on null, parallel unsafe'),
    ('encode', 'stable, called on null, parallel safe'),
    ('encoder_levels', 'stable, called on null, parallel safe'),
    ('erase_subject', 'volatile, called on null, parallel unsafe'),
    ('event_totals_report', 'stable, called on null, parallel unsafe'),
    ('explain', 'stable, called on null, parallel safe'),
    ('explain_json', 'stable, called on null, parallel safe'),
    ('feature_importance', 'stable, strict, parallel safe'),
    ('fit_encoder', 'volatile, called on null, parallel unsafe'),
    ('funnel_completions', 'immutable, called on null, parallel safe'),
    ('funnel_durations', 'immutable, called on null, parallel safe'),
    ('funnel_level', 'immutable, called on null, parallel safe'),
    ('funnel_report', 'stable, called on null, parallel unsafe'),
    ('funnel_times', 'immutable, called on null, parallel safe'),
    ('grant_duty', 'volatile, called on null, parallel unsafe'),
    ('has_duty', 'stable, called on null, parallel safe'),
    ('job_add', 'volatile, called on null, parallel unsafe'),
    ('job_alter', 'volatile, called on null, parallel unsafe'),
    ('job_next', 'stable, called on null, parallel safe'),
    ('job_remove', 'volatile, called on null, parallel unsafe'),
    ('legal_hold_add', 'volatile, called on null, parallel unsafe'),
    ('legal_hold_lift', 'volatile, called on null, parallel unsafe'),
    ('merge_back', 'volatile, called on null, parallel unsafe'),
    ('model_alias', 'volatile, called on null, parallel unsafe'),
    ('model_alias_history', 'stable, called on null, parallel safe'),
    ('model_drop', 'volatile, called on null, parallel unsafe'),
    ('model_features', 'stable, strict, parallel safe'),
    ('model_rollback', 'volatile, called on null, parallel unsafe'),
    ('model_share', 'volatile, called on null, parallel unsafe'),
    ('model_versions', 'stable, called on null, parallel safe'),
    ('monthly_cohorts', 'stable, called on null, parallel unsafe'),
    ('out_of_bag', 'stable, strict, parallel safe'),
    ('path_report', 'stable, called on null, parallel unsafe'),
    ('policy_for', 'stable, called on null, parallel safe'),
    ('predict', 'stable, strict, parallel safe'),
    ('predict_class', 'stable, called on null, parallel safe'),
    ('profile_table', 'stable, called on null, parallel unsafe'),
    ('qa_report', 'stable, called on null, parallel unsafe'),
    ('qa_take', 'volatile, called on null, parallel unsafe'),
    ('reset_policy', 'volatile, called on null, parallel unsafe'),
    ('retain', 'volatile, called on null, parallel unsafe'),
    ('retention_report', 'stable, called on null, parallel unsafe'),
    ('revoke_duty', 'volatile, called on null, parallel unsafe'),
    ('row_counts', 'stable, called on null, parallel unsafe'),
    ('row_history', 'stable, called on null, parallel safe'),
    ('schedule_with_pg_cron', 'volatile, called on null, parallel unsafe'),
    ('score', 'volatile, called on null, parallel unsafe'),
    ('score_order', 'volatile, called on null, parallel unsafe'),
    ('seal', 'volatile, called on null, parallel unsafe'),
    ('sessionize_events', 'stable, called on null, parallel unsafe'),
    ('session_duration_report', 'stable, called on null, parallel unsafe'),
    ('session_next_order', 'stable, called on null, parallel unsafe'),
    ('session_report', 'stable, called on null, parallel unsafe'),
    ('session_segment_report', 'stable, called on null, parallel unsafe'),
    ('set_policy', 'volatile, called on null, parallel unsafe'),
    ('set_retention', 'volatile, called on null, parallel unsafe'),
    ('share_encoder', 'volatile, called on null, parallel unsafe'),
    ('silhouette', 'stable, called on null, parallel unsafe'),
    ('table_as_of', 'stable, called on null, parallel safe'),
    ('train_forest', 'volatile, called on null, parallel unsafe'),
    ('train_kmeans', 'volatile, called on null, parallel unsafe'),
    ('train_logistic', 'volatile, called on null, parallel unsafe'),
    ('train_order_anomaly', 'volatile, called on null, parallel unsafe'),
    ('train_tree', 'volatile, called on null, parallel unsafe'),
    ('tree_nodes', 'stable, strict, parallel safe'),
    ('trust_broker', 'volatile, called on null, parallel unsafe'),
    ('unschedule_with_pg_cron', 'volatile, strict, parallel unsafe'),
    ('verify', 'stable, called on null, parallel unsafe'),
    ('weekly_cohorts', 'stable, called on null, parallel unsafe'),
    ('whoami', 'stable, strict, parallel safe'),
    ('_actor', 'stable, strict, parallel safe'),
    ('_add_opposites', 'volatile, called on null, parallel unsafe'),
    ('_amount', 'immutable, called on null, parallel safe'),
    ('_applying_target', 'volatile, called on null, parallel unsafe'),
    ('_apply_atomic', 'volatile, called on null, parallel unsafe'),
    ('_apply_batch', 'volatile, called on null, parallel unsafe'),
    ('_apply_finish', 'volatile, called on null, parallel unsafe'),
    ('_apply_items', 'volatile, called on null, parallel unsafe'),
    ('_apply_next', 'volatile, called on null, parallel unsafe'),
    ('_apply_query', 'stable, strict, parallel safe'),
    ('_apply_start', 'volatile, called on null, parallel unsafe'),
    ('_apply_target', 'stable, called on null, parallel safe'),
    ('_as_role', 'volatile, called on null, parallel unsafe'),
    ('_audited', 'stable, strict, parallel safe'),
    ('_audit_arguments', 'stable, strict, parallel safe'),
    ('_audit_header_hash', 'stable, called on null, parallel safe'),
    ('_audit_nonpii_hash', 'stable, called on null, parallel safe'),
    ('_audit_pii_hash', 'stable, strict, parallel safe'),
    ('_audit_places', 'stable, strict, parallel safe'),
    ('_audit_set_request', 'volatile, strict, parallel unsafe'),
    ('_audit_target', 'volatile, called on null, parallel unsafe'),
    ('_audit_triggers', 'stable, strict, parallel safe'),
    ('_base_column', 'stable, strict, parallel safe'),
    ('_block_hash', 'stable, called on null, parallel safe'),
    ('_bytes', 'stable, strict, parallel safe'),
    ('_caller', 'stable, strict, parallel safe'),
    ('_checked_view', 'stable, called on null, parallel safe'),
    ('_check_alias', 'immutable, called on null, parallel safe'),
    ('_check_approved', 'volatile, called on null, parallel unsafe'),
    ('_check_auditor', 'stable, strict, parallel safe'),
    ('_check_begun', 'immutable, called on null, parallel safe'),
    ('_check_duty', 'immutable, called on null, parallel safe'),
    ('_check_expression', 'stable, called on null, parallel unsafe'),
    ('_check_item_columns', 'stable, called on null, parallel safe'),
    ('_check_job', 'stable, called on null, parallel safe'),
    ('_check_line', 'immutable, called on null, parallel safe'),
    ('_check_may_tick', 'stable, strict, parallel safe'),
    ('_check_model_name', 'immutable, called on null, parallel safe'),
    ('_check_pg_cron', 'stable, strict, parallel safe'),
    ('_check_relation', 'stable, called on null, parallel safe'),
    ('_check_run_job', 'stable, called on null, parallel unsafe'),
    ('_check_sample', 'immutable, called on null, parallel safe'),
    ('_check_staging', 'stable, called on null, parallel unsafe'),
    ('_check_store', 'stable, called on null, parallel safe'),
    ('_check_store_is_empty', 'volatile, called on null, parallel unsafe'),
    ('_check_store_owner', 'stable, called on null, parallel safe'),
    ('_check_subject', 'stable, called on null, parallel safe'),
    ('_check_target', 'stable, called on null, parallel safe'),
    ('_check_tenant', 'immutable, called on null, parallel safe'),
    ('_clean_collect', 'volatile, called on null, parallel unsafe'),
    ('_clean_columns', 'stable, called on null, parallel safe'),
    ('_clean_column_problem', 'stable, called on null, parallel safe'),
    ('_clean_source', 'stable, called on null, parallel safe'),
    ('_clean_target', 'stable, called on null, parallel safe'),
    ('_clean_value_problem', 'stable, called on null, parallel unsafe'),
    ('_column_types', 'stable, strict, parallel safe'),
    ('_compared_version', 'stable, called on null, parallel safe'),
    ('_content_hash', 'stable, strict, parallel safe'),
    ('_count_items', 'stable, strict, parallel safe'),
    ('_cr_add_batch', 'volatile, called on null, parallel unsafe'),
    ('_cr_submit', 'volatile, called on null, parallel unsafe'),
    ('_current_version', 'stable, strict, parallel safe'),
    ('_dataset', 'stable, called on null, parallel unsafe'),
    ('_dataset_counts', 'stable, called on null, parallel unsafe'),
    ('_day', 'immutable, called on null, parallel safe'),
    ('_decision_problem', 'volatile, called on null, parallel unsafe'),
    ('_deleted_query', 'stable, strict, parallel safe'),
    ('_describe_failed', 'stable, strict, parallel safe'),
    ('_dq_age', 'stable, called on null, parallel safe'),
    ('_dq_aggregate', 'immutable, called on null, parallel safe'),
    ('_dq_alert', 'volatile, called on null, parallel unsafe'),
    ('_dq_check_args', 'stable, called on null, parallel safe'),
    ('_dq_check_name', 'immutable, called on null, parallel safe'),
    ('_dq_check_of', 'volatile, called on null, parallel unsafe'),
    ('_dq_check_values', 'stable, called on null, parallel safe'),
    ('_dq_column', 'stable, called on null, parallel safe'),
    ('_dq_columns', 'stable, called on null, parallel safe'),
    ('_dq_compile', 'stable, called on null, parallel safe'),
    ('_dq_compile_distribution', 'stable, called on null, parallel safe'),
    ('_dq_compile_freshness', 'stable, called on null, parallel safe'),
    ('_dq_compile_reconciliation', 'stable, called on null, parallel safe'),
    ('_dq_compile_reference', 'stable, called on null, parallel safe'),
    ('_dq_compile_unique', 'stable, called on null, parallel safe'),
    ('_dq_complete', 'stable, called on null, parallel safe'),
    ('_dq_days_off', 'stable, called on null, parallel safe'),
    ('_dq_expected_range', 'stable, called on null, parallel safe'),
    ('_dq_expect_volume', 'stable, called on null, parallel safe'),
    ('_dq_judge', 'stable, called on null, parallel safe'),
    ('_dq_keys', 'stable, called on null, parallel safe'),
    ('_dq_keys_query', 'stable, called on null, parallel safe'),
    ('_dq_key_list', 'stable, called on null, parallel safe'),
    ('_dq_measure', 'stable, called on null, parallel unsafe'),
    ('_dq_measure_common', 'stable, called on null, parallel unsafe'),
    ('_dq_measure_of', 'stable, called on null, parallel safe'),
    ('_dq_move_alert', 'volatile, called on null, parallel unsafe'),
    ('_dq_refused', 'stable, called on null, parallel safe'),
    ('_dq_relation', 'stable, called on null, parallel safe'),
    ('_dq_relation_named', 'stable, strict, parallel safe'),
    ('_dq_schema', 'stable, called on null, parallel safe'),
    ('_dq_shared_query', 'stable, strict, parallel safe'),
    ('_dq_store', 'volatile, called on null, parallel unsafe'),
    ('_dq_try', 'volatile, called on null, parallel unsafe'),
    ('_dq_try_check', 'volatile, called on null, parallel unsafe'),
    ('_dq_try_expression', 'volatile, called on null, parallel unsafe'),
    ('_dq_type', 'stable, strict, parallel safe'),
    ('_dq_wrong', 'volatile, called on null, parallel safe'),
    ('_drop_audit_triggers', 'volatile, strict, parallel unsafe'),
    ('_due_jobs', 'stable, called on null, parallel unsafe'),
    ('_duty_tenants', 'stable, strict, parallel safe'),
    ('_edited', 'volatile, called on null, parallel unsafe'),
    ('_encoder_not_changed', 'stable, called on null, parallel safe'),
    ('_entries_since', 'stable, called on null, parallel safe'),
    ('_event_is_right', 'stable, called on null, parallel safe'),
    ('_event_leaf', 'stable, called on null, parallel safe'),
    ('_event_numbers', 'stable, called on null, parallel safe'),
    ('_exceeds_share', 'volatile, called on null, parallel unsafe'),
    ('_expression_columns', 'stable, strict, parallel unsafe'),
    ('_find_bad_value', 'volatile, called on null, parallel unsafe'),
    ('_find_model', 'stable, strict, parallel safe'),
    ('_finish_reverted', 'volatile, called on null, parallel unsafe'),
    ('_fit_encoder', 'volatile, called on null, parallel unsafe'),
    ('_flag_columns', 'stable, strict, parallel unsafe'),
    ('_force_items', 'volatile, called on null, parallel unsafe'),
    ('_grants', 'stable, called on null, parallel safe'),
    ('_has_answer', 'volatile, called on null, parallel unsafe'),
    ('_has_rights_of', 'stable, strict, parallel safe'),
    ('_held_duties', 'stable, strict, parallel safe'),
    ('_holds_apply_lock', 'volatile, strict, parallel unsafe'),
    ('_installed_version', 'stable, strict, parallel safe'),
    ('_is_job_of', 'immutable, called on null, parallel safe'),
    ('_is_lent', 'stable, strict, parallel safe'),
    ('_is_member', 'stable, strict, parallel safe'),
    ('_is_store', 'stable, strict, parallel safe'),
    ('_item_query', 'stable, called on null, parallel safe'),
    ('_job_begin', 'volatile, called on null, parallel unsafe'),
    ('_job_detail', 'stable, called on null, parallel safe'),
    ('_job_end', 'volatile, called on null, parallel unsafe'),
    ('_job_execute', 'volatile, called on null, parallel unsafe'),
    ('_job_is_locked', 'stable, strict, parallel safe'),
    ('_job_left_out', 'volatile, called on null, parallel unsafe'),
    ('_job_statement', 'stable, strict, parallel safe'),
    ('_job_written', 'stable, called on null, parallel safe'),
    ('_join_images', 'immutable, called on null, parallel safe'),
    ('_keep_encoder', 'volatile, called on null, parallel unsafe'),
    ('_key_change', 'stable, called on null, parallel safe'),
    ('_key_hint', 'stable, strict, parallel safe'),
    ('_kind', 'stable, strict, parallel safe'),
    ('_kmeans_add', 'volatile, strict, parallel unsafe'),
    ('_known_columns', 'immutable, called on null, parallel safe'),
    ('_leaf', 'immutable, called on null, parallel safe'),
    ('_line_total', 'immutable, called on null, parallel safe'),
    ('_lock_apply', 'volatile, strict, parallel unsafe'),
    ('_lock_if_empty', 'volatile, strict, parallel unsafe'),
    ('_lock_model', 'volatile, called on null, parallel unsafe'),
    ('_lock_request', 'volatile, called on null, parallel unsafe'),
    ('_lock_row', 'volatile, strict, parallel unsafe'),
    ('_make_audit_triggers', 'volatile, strict, parallel unsafe'),
    ('_mapped_column', 'stable, called on null, parallel safe'),
    ('_mapped_tables', 'stable, strict, parallel safe'),
    ('_may_commit', 'stable, strict, parallel unsafe'),
    ('_merge_base_type', 'stable, strict, parallel safe'),
    ('_merge_cast', 'stable, strict, parallel safe'),
    ('_merge_columns', 'stable, called on null, parallel safe'),
    ('_merge_condition', 'stable, strict, parallel safe'),
    ('_merge_tenant', 'stable, called on null, parallel safe'),
    ('_model_add', 'volatile, called on null, parallel unsafe'),
    ('_model_add_version', 'volatile, called on null, parallel unsafe'),
    ('_month_is_kept', 'stable, called on null, parallel unsafe'),
    ('_move_alias', 'volatile, called on null, parallel unsafe'),
    ('_note_request', 'volatile, called on null, parallel unsafe'),
    ('_no_such_job', 'immutable, called on null, parallel safe'),
    ('_orders_of', 'stable, strict, parallel safe'),
    ('_order_model_features', 'stable, called on null, parallel unsafe'),
    ('_order_training_query', 'stable, called on null, parallel safe'),
    ('_owns_extension', 'stable, strict, parallel safe'),
    ('_own_request', 'volatile, called on null, parallel unsafe'),
    ('_person', 'stable, strict, parallel safe'),
    ('_personal', 'stable, strict, parallel safe'),
    ('_point_in_time', 'immutable, called on null, parallel safe'),
    ('_preparation', 'stable, called on null, parallel unsafe'),
    ('_preparation_apply', 'stable, strict, parallel safe'),
    ('_primary_key', 'stable, strict, parallel safe'),
    ('_profile_columns', 'stable, called on null, parallel safe'),
    ('_qa_amount', 'immutable, called on null, parallel safe'),
    ('_qa_columns', 'stable, strict, parallel unsafe'),
    ('_qa_fail', 'volatile, called on null, parallel safe'),
    ('_qa_measure', 'stable, called on null, parallel unsafe'),
    ('_query_as', 'volatile, strict, parallel unsafe'),
    ('_readable_audit', 'stable, called on null, parallel safe'),
    ('_read_audit_rows', 'stable, called on null, parallel safe'),
    ('_read_events', 'stable, called on null, parallel safe'),
    ('_record_columns', 'stable, strict, parallel safe'),
    ('_record_results', 'volatile, called on null, parallel unsafe'),
    ('_record_reverted', 'volatile, called on null, parallel unsafe'),
    ('_referred_items', 'volatile, called on null, parallel unsafe'),
    ('_refuse_item', 'immutable, called on null, parallel safe'),
    ('_refuse_step', 'volatile, called on null, parallel unsafe'),
    ('_relation_name', 'stable, strict, parallel safe'),
    ('_request_target', 'stable, called on null, parallel safe'),
    ('_require_any_duty', 'stable, called on null, parallel safe'),
    ('_require_duty', 'volatile, called on null, parallel unsafe'),
    ('_require_job_admin', 'volatile, called on null, parallel unsafe'),
    ('_retention_for', 'stable, strict, parallel safe'),
    ('_role_name', 'immutable, called on null, parallel safe'),
    ('_role_of', 'stable, strict, parallel safe'),
    ('_row_entries', 'stable, called on null, parallel safe'),
    ('_row_image', 'stable, strict, parallel safe'),
    ('_row_problem', 'stable, called on null, parallel safe'),
    ('_rule_columns', 'stable, strict, parallel unsafe'),
    ('_scope', 'immutable, called on null, parallel safe'),
    ('_seal_block', 'volatile, called on null, parallel unsafe'),
    ('_seen_models', 'stable, called on null, parallel safe'),
    ('_session_next_order', 'stable, called on null, parallel unsafe'),
    ('_set_state', 'volatile, called on null, parallel unsafe'),
    ('_signups_of', 'stable, called on null, parallel safe'),
    ('_source_scores', 'stable, called on null, parallel unsafe'),
    ('_statement_hash', 'stable, called on null, parallel safe'),
    ('_stop_if_cancelled', 'volatile, called on null, parallel unsafe'),
    ('_stores', 'volatile, strict, parallel unsafe'),
    ('_store_cohorts', 'stable, called on null, parallel unsafe'),
    ('_store_timezone', 'stable, called on null, parallel safe'),
    ('_subject_columns', 'stable, called on null, parallel safe'),
    ('_subject_rows', 'volatile, called on null, parallel unsafe'),
    ('_take_items', 'stable, called on null, parallel unsafe'),
    ('_target_columns', 'stable, strict, parallel safe'),
    ('_tell_progress', 'volatile, called on null, parallel unsafe'),
    ('_test_scores', 'stable, called on null, parallel unsafe'),
    ('_train_forest', 'stable, called on null, parallel unsafe'),
    ('_train_kmeans', 'stable, called on null, parallel unsafe'),
    ('_train_logistic', 'stable, called on null, parallel unsafe'),
    ('_train_tree', 'stable, called on null, parallel unsafe'),
    ('_type_allows', 'stable, strict, parallel unsafe'),
    ('_unlock_apply', 'volatile, strict, parallel unsafe'),
    ('_unsealed_ranges', 'stable, strict, parallel safe'),
    ('_value_problem', 'volatile, called on null, parallel unsafe'),
    ('_verify_entries', 'stable, called on null, parallel safe'),
    ('_who', 'stable, strict, parallel safe'),
    ('_write_event', 'volatile, called on null, parallel unsafe');

-- Filled by the install script alone, so there is nothing to dump.
CREATE TEMP TABLE not_dumped (name text PRIMARY KEY);
INSERT INTO not_dumped VALUES ('store_part');

-- Functions that lend their owner's rights, and may be run by all: each checks the
-- caller's own duty first, or tells of the caller alone.
CREATE TEMP TABLE definer (name text PRIMARY KEY);
INSERT INTO definer VALUES
    ('anchor'),
    ('audit_disable'),
    ('audit_enable'),
    ('audit_partitions'),
    ('audit_refresh'),
    ('cr_approve'),
    ('cr_expire'),
    ('cr_open'),
    ('cr_preview'),
    ('cr_reject'),
    ('cr_remove'),
    ('cr_rollback_open'),
    ('cr_submit'),
    ('cr_withdraw'),
    ('distrust_broker'),
    ('dq_accept'),
    ('dq_alert_ack'),
    ('dq_alert_resolve'),
    ('dq_calendar_remove'),
    ('dq_calendar_set'),
    ('dq_check_add'),
    ('dq_check_alter'),
    ('dq_check_remove'),
    ('dq_purge'),
    ('dq_run'),
    ('erase_subject'),
    ('grant_duty'),
    ('has_duty'),
    ('job_add'),
    ('job_alter'),
    ('job_remove'),
    ('legal_hold_add'),
    ('legal_hold_lift'),
    ('policy_for'),
    ('qa_take'),
    ('reset_policy'),
    ('retain'),
    ('revoke_duty'),
    ('row_history'),
    ('seal'),
    ('set_policy'),
    ('set_retention'),
    ('trust_broker'),
    ('verify'),
    ('whoami'),
    ('_apply_atomic'),
    ('_apply_batch'),
    ('_apply_finish'),
    ('_apply_start'),
    ('_check_run_job'),
    ('_cr_add_batch'),
    ('_due_jobs'),
    ('_duty_tenants'),
    ('_entries_since'),
    ('_job_begin'),
    ('_job_end'),
    ('_note_request'),
    ('_personal'),
    ('_readable_audit');

-- Aggregates of rows in an order, which is part of what they compute.
CREATE TEMP TABLE ordered (name text PRIMARY KEY);
INSERT INTO ordered VALUES
    ('merkle_root'),
    ('_merkle_root_of_hashes');

-- Functions that run a query of the caller's as the caller himself does, or end his
-- transaction.
CREATE TEMP TABLE unpinned (name text PRIMARY KEY);
INSERT INTO unpinned VALUES
    ('cr_add_query'),
    ('cr_apply'),
    ('run_job'),
    ('tick'),
    ('train_forest'),
    ('train_kmeans'),
    ('train_logistic'),
    ('train_tree');

-- Tables that every role writes its own rows of: row security says which those are.
CREATE TEMP TABLE own_rows (name text PRIMARY KEY);
INSERT INTO own_rows VALUES
    ('encoder'),
    ('model'),
    ('model_alias'),
    ('model_alias_history'),
    ('model_version');

CREATE TEMP VIEW labelled AS
SELECT oid, proname::text AS name,
       concat_ws(', ', CASE provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile' END,
                 CASE WHEN proisstrict OR pronargs = 0 OR 'internal'::regtype = ANY (proargtypes) THEN 'strict' ELSE 'called on null' END,
                 CASE proparallel WHEN 's' THEN 'parallel safe' WHEN 'r' THEN 'parallel restricted' ELSE 'parallel unsafe' END) AS labels
  FROM function
 WHERE prokind = 'f' AND prorettype <> 'trigger'::regtype;

CREATE TEMP VIEW violation (rule, object) AS
-- Somebody else's search_path must not choose what a function calls.
SELECT 'search_path is not pinned', pg_describe_object('pg_proc'::regclass, oid, 0)
  FROM function
 WHERE (lanname NOT IN ('c', 'internal') AND prosqlbody IS NULL OR prosecdef)
   AND 'search_path=pg_catalog, pg_temp' <> ALL (coalesce(proconfig, '{}'))
   AND (prosecdef OR proname NOT IN (SELECT name FROM unpinned))
UNION ALL
SELECT 'security definer', pg_describe_object('pg_proc'::regclass, oid, 0) FROM function
 WHERE prosecdef AND proname NOT IN (SELECT name FROM definer)
UNION ALL
SELECT 'security definer listed and gone', d.name FROM definer d WHERE NOT EXISTS (SELECT FROM function f WHERE f.proname = d.name AND f.prosecdef)
UNION ALL
SELECT 'leakproof', pg_describe_object('pg_proc'::regclass, oid, 0) FROM function WHERE proleakproof
UNION ALL
SELECT 'labels', format('%s is %s', pg_describe_object('pg_proc'::regclass, l.oid, 0), l.labels)
  FROM labelled l LEFT JOIN deviating d USING (name)
 WHERE l.labels <> coalesce(d.labels, 'immutable, strict, parallel safe')
UNION ALL
-- a window function is never strict
SELECT 'labels', pg_describe_object('pg_proc'::regclass, oid, 0) || ' is a window function, volatile or not parallel safe'
  FROM function WHERE prokind = 'w' AND (provolatile = 'v' OR proparallel <> 's')
UNION ALL
SELECT 'labels listed and gone', d.name FROM deviating d WHERE NOT EXISTS (SELECT FROM labelled l WHERE l.name = d.name AND l.labels = d.labels)
UNION ALL
SELECT 'aggregate is not parallel', pg_describe_object('pg_proc'::regclass, f.oid, 0)
  FROM function f JOIN pg_aggregate a ON a.aggfnoid = f.oid
 WHERE f.proparallel <> 's' OR a.aggcombinefn = 0 AND f.proname NOT IN (SELECT name FROM ordered)
    OR a.aggcombinefn <> 0 AND a.aggtranstype = 'internal'::regtype AND (a.aggserialfn = 0 OR a.aggdeserialfn = 0)
UNION ALL
SELECT 'not registered for dump', pg_describe_object('pg_class'::regclass, r.oid, 0)
  FROM relation r
 WHERE is_member AND relkind IN ('r', 'p', 'S')
   AND relname NOT IN (SELECT name FROM not_dumped)
   AND r.oid NOT IN (SELECT unnest(extconfig) FROM pg_extension WHERE extname = 'shopanalytics' AND extconfig IS NOT NULL)
UNION ALL
-- Restoring rows fires it.
SELECT 'trigger on a table of the extension', pg_describe_object('pg_trigger'::regclass, t.oid, 0)
  FROM pg_trigger t JOIN relation r ON r.oid = t.tgrelid
 WHERE r.is_member AND NOT t.tgisinternal
UNION ALL
SELECT 'view runs with its owner''s rights', pg_describe_object('pg_class'::regclass, oid, 0)
  FROM relation
 WHERE relkind = 'v' AND 'security_invoker=true' <> ALL (coalesce(reloptions, '{}'))
UNION ALL
SELECT 'column type does not survive an upgrade', pg_describe_object('pg_class'::regclass, a.attrelid, a.attnum)
  FROM pg_attribute a JOIN relation r ON r.oid = a.attrelid
 WHERE r.relkind IN ('r', 'p') AND a.attnum > 0
   AND a.atttypid IN ('regproc'::regtype, 'regprocedure'::regtype, 'regoper'::regtype, 'regoperator'::regtype, 'regclass'::regtype,
                      'regnamespace'::regtype, 'regcollation'::regtype, 'regconfig'::regtype, 'regdictionary'::regtype)
UNION ALL
SELECT 'public may change it', pg_describe_object('pg_class'::regclass, r.oid, 0)
  FROM relation r
 WHERE EXISTS (SELECT FROM aclexplode(r.relacl) a WHERE a.grantee = 0 AND a.privilege_type NOT IN ('SELECT', 'USAGE'))
   AND (r.relname NOT IN (SELECT name FROM own_rows) OR NOT r.relrowsecurity)
UNION ALL
-- What is the same for all may be read by all.
SELECT 'public reads it without row security', pg_describe_object('pg_class'::regclass, r.oid, 0)
  FROM relation r
 WHERE is_member AND relkind IN ('r', 'p') AND NOT relrowsecurity AND relname NOT IN (SELECT name FROM not_dumped)
   AND EXISTS (SELECT FROM aclexplode(r.relacl) a WHERE a.grantee = 0)
UNION ALL
-- Its owner could not dump it, or would dump nothing without being told.
SELECT 'row security is forced on its owner', pg_describe_object('pg_class'::regclass, oid, 0)
  FROM relation
 WHERE relforcerowsecurity
UNION ALL
SELECT 'public may create in it', 'schema ' || nspname
  FROM pg_namespace
 WHERE nspname IN ('shopanalytics', 'lint_store') AND has_schema_privilege('public', oid, 'CREATE')
UNION ALL
SELECT 'outside the schema', pg_describe_object(m.classid, m.objid, 0)
  FROM member m, pg_identify_object(m.classid, m.objid, 0) i
 WHERE i.schema IS DISTINCT FROM 'shopanalytics' AND i.identity <> 'shopanalytics' AND i.type NOT IN ('cast')
UNION ALL
SELECT 'comment is ' || CASE WHEN description IS NULL THEN 'missing' ELSE 'not one lower-case line without a full stop' END,
       pg_describe_object(classid, objid, 0)
  FROM (SELECT 'pg_proc'::regclass AS classid, oid AS objid FROM function WHERE is_public
        UNION ALL
        SELECT 'pg_class', oid FROM relation WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND relname NOT LIKE E'\\_%'
        UNION ALL
        SELECT 'pg_type', t.oid
          FROM pg_type t JOIN member m ON m.classid = 'pg_type'::regclass AND m.objid = t.oid
         WHERE t.typelem = 0 AND t.typrelid = 0 AND t.typtype <> 'm' AND t.typname NOT LIKE E'\\_%'
        UNION ALL
        SELECT 'pg_operator', objid FROM member WHERE classid = 'pg_operator'::regclass
        UNION ALL
        SELECT 'pg_namespace', oid FROM pg_namespace WHERE nspname IN ('shopanalytics', 'lint_store')) o,
       LATERAL (SELECT obj_description(objid, classid::regclass::name) AS description) c
 WHERE description IS NULL OR description ~ E'\n|\\.$|^[A-Z][a-z]' OR description = '';

-- Nothing breaks a rule.
SELECT * FROM violation ORDER BY rule, object;

-- Each rule finds what breaks it, and only that.
BEGIN;
CREATE FUNCTION shopanalytics._unpinned() RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT 1';
CREATE FUNCTION shopanalytics._pinned_otherwise() RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = public AS 'SELECT 1';
CREATE FUNCTION shopanalytics._pinned() RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS 'SELECT 1';
CREATE FUNCTION shopanalytics._standard() RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN 1;
ALTER EXTENSION shopanalytics ADD FUNCTION shopanalytics._unpinned();
ALTER EXTENSION shopanalytics ADD FUNCTION shopanalytics._pinned_otherwise();
ALTER EXTENSION shopanalytics ADD FUNCTION shopanalytics._pinned();
ALTER EXTENSION shopanalytics ADD FUNCTION shopanalytics._standard();
SELECT * FROM violation ORDER BY rule, object;
ROLLBACK;

BEGIN;
CREATE FUNCTION shopanalytics._definer() RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SECURITY DEFINER LEAKPROOF RETURN 1;
ALTER EXTENSION shopanalytics ADD FUNCTION shopanalytics._definer();
SELECT * FROM violation ORDER BY rule, object;
ROLLBACK;

BEGIN;
CREATE FUNCTION shopanalytics._unlabelled() RETURNS integer LANGUAGE sql RETURN 1;
CREATE FUNCTION shopanalytics._not_strict(integer) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 1;
CREATE FUNCTION shopanalytics._window(integer) RETURNS integer AS 'window_lag' LANGUAGE internal WINDOW;
ALTER EXTENSION shopanalytics ADD FUNCTION shopanalytics._window(integer);
CREATE PROCEDURE shopanalytics._procedure() LANGUAGE sql BEGIN ATOMIC END;
ALTER EXTENSION shopanalytics ADD FUNCTION shopanalytics._unlabelled();
ALTER EXTENSION shopanalytics ADD FUNCTION shopanalytics._not_strict(integer);
ALTER EXTENSION shopanalytics ADD PROCEDURE shopanalytics._procedure();
INSERT INTO deviating VALUES ('_gone', 'stable, strict, parallel safe');
INSERT INTO definer VALUES ('_gone');
SELECT * FROM violation ORDER BY rule, object;
ROLLBACK;

BEGIN;
CREATE AGGREGATE shopanalytics._serial(integer) (SFUNC = int4larger, STYPE = integer, COMBINEFUNC = int4larger);
CREATE AGGREGATE shopanalytics._uncombined(integer) (SFUNC = int4larger, STYPE = integer, PARALLEL = SAFE);
CREATE AGGREGATE shopanalytics._unserialized(numeric)
    (SFUNC = numeric_accum, STYPE = internal, FINALFUNC = numeric_sum, COMBINEFUNC = numeric_combine, PARALLEL = SAFE);
CREATE AGGREGATE shopanalytics._parallel(numeric)
    (SFUNC = numeric_accum, STYPE = internal, FINALFUNC = numeric_sum, COMBINEFUNC = numeric_combine,
     SERIALFUNC = numeric_serialize, DESERIALFUNC = numeric_deserialize, PARALLEL = SAFE);
ALTER EXTENSION shopanalytics ADD AGGREGATE shopanalytics._serial(integer);
ALTER EXTENSION shopanalytics ADD AGGREGATE shopanalytics._uncombined(integer);
ALTER EXTENSION shopanalytics ADD AGGREGATE shopanalytics._unserialized(numeric);
ALTER EXTENSION shopanalytics ADD AGGREGATE shopanalytics._parallel(numeric);
SELECT * FROM violation ORDER BY rule, object;
ROLLBACK;

BEGIN;
CREATE TABLE shopanalytics._note (id bigint GENERATED ALWAYS AS IDENTITY, made_by regproc, relation regclass);
CREATE TRIGGER compute BEFORE UPDATE ON shopanalytics._note FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
CREATE VIEW shopanalytics._owners AS SELECT 1 AS one;
CREATE VIEW shopanalytics._invokers WITH (security_invoker = true) AS SELECT 1 AS one;
GRANT SELECT, INSERT ON shopanalytics._note TO PUBLIC;
ALTER TABLE shopanalytics._note FORCE ROW LEVEL SECURITY;
GRANT SELECT ON shopanalytics._owners TO PUBLIC;
ALTER EXTENSION shopanalytics ADD TABLE shopanalytics._note;
ALTER EXTENSION shopanalytics ADD SEQUENCE shopanalytics._note_id_seq;
ALTER EXTENSION shopanalytics ADD VIEW shopanalytics._owners;
ALTER EXTENSION shopanalytics ADD VIEW shopanalytics._invokers;
SELECT * FROM violation ORDER BY rule, object;
ROLLBACK;

BEGIN;
CREATE TABLE lint_store._note (made_by regprocedure);
CREATE VIEW lint_store._owners AS SELECT 1 AS one;
GRANT UPDATE ON lint_store._note TO PUBLIC;
GRANT CREATE ON SCHEMA lint_store, shopanalytics TO PUBLIC;
SELECT * FROM violation ORDER BY rule, object;
ROLLBACK;

BEGIN;
CREATE FUNCTION public.elsewhere() RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN 1;
COMMENT ON FUNCTION public.elsewhere() IS 'somewhere else';
ALTER EXTENSION shopanalytics ADD FUNCTION public.elsewhere();
SELECT * FROM violation ORDER BY rule, object;
ROLLBACK;

BEGIN;
CREATE FUNCTION shopanalytics.uncommented() RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN 1;
CREATE FUNCTION shopanalytics.sentence() RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN 1;
CREATE FUNCTION shopanalytics.in_order() RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN 1;
CREATE TYPE shopanalytics.mood AS ENUM ('good');
CREATE DOMAIN shopanalytics.percentage AS numeric;
CREATE VIEW lint_store.uncommented WITH (security_invoker = true) AS SELECT 1 AS one;
COMMENT ON FUNCTION shopanalytics.sentence() IS 'Returns one.';
COMMENT ON FUNCTION shopanalytics.in_order() IS 'RFC 5322 says one';
COMMENT ON SCHEMA lint_store IS E'two\nlines';
ALTER EXTENSION shopanalytics ADD FUNCTION shopanalytics.uncommented();
ALTER EXTENSION shopanalytics ADD FUNCTION shopanalytics.sentence();
ALTER EXTENSION shopanalytics ADD FUNCTION shopanalytics.in_order();
ALTER EXTENSION shopanalytics ADD TYPE shopanalytics.mood;
ALTER EXTENSION shopanalytics ADD DOMAIN shopanalytics.percentage;
SELECT * FROM violation ORDER BY rule, object;
ROLLBACK;

CALL shopanalytics.drop_store('lint_store');
