"""Find out why mail through the Amazon SES SMTP interface fails."""
