SELECT shopanalytics.email_status('a@b.de'), shopanalytics.email_valid('x'), shopanalytics.email_normalize(' Joe@BÜCHER.example '), shopanalytics.email_domain('a@B.de');
