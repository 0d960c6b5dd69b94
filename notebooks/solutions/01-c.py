from sestools import smtp_password

answer_c = smtp_password(SECRET_KEY, "eu-west-1")  # noqa: F821 - the notebook defines it
