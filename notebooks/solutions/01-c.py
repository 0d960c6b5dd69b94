from sestools import smtp_password

answer_c = smtp_password(SECRET_KEY, "eu-west-1")
