"""What can stand where SES should, or on the way to it: servers on loopback, their certificates, and the cases."""
