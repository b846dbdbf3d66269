CREATE TABLE patient(id, treatment, trait_anxiety, y) AS
SELECT row_number() OVER (), * FROM (VALUES (1, 70, 1), (1, 80, 1), (1, 50, 1), (0, 60, 1), (0, 40, 1), (0, 65, 1), (0, 75, 1), (0, 80, 1), (0, 70, 1), (0, 60, 1),
       (1, 65, 0), (1, 50, 0), (1, 45, 0), (1, 35, 0), (1, 40, 0), (1, 50, 0), (0, 55, 0), (0, 45, 0), (0, 50, 0), (0, 60, 0)) v;
SELECT * FROM shopanalytics.train_logistic('m', 'patient', 'y', key_column => 'id', penalty => 'none', test_fraction => 0);
SELECT * FROM shopanalytics.coefficients('m');
SELECT * FROM shopanalytics.train_logistic('m', 'patient', 'y', key_column => 'id');
SELECT * FROM shopanalytics.coefficients('m');
