// Sends one message with Nodemailer; the settings come as JSON on standard input, and an error is printed as
// Node prints any error.
const nodemailer = require(`${process.argv[2]}/node_modules/nodemailer`);
const { transport, message } = JSON.parse(require("fs").readFileSync(0, "utf8"));
nodemailer.createTransport(transport).sendMail(message).then(
  (sent) => console.log(sent.response),
  (error) => {
    console.error(error);
    process.exitCode = 1;
  },
);
