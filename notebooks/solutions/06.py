answer = "email-smtp.eu-west-1.amazonaws.com email-smtp.us-east-1.amazonaws.com"
