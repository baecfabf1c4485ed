// Clients that both pairs use. The environment says where everything is:
// KAFKA_BOOTSTRAP_SERVERS, TOPIC, and AWS's own variables.
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { SESv2Client, SendEmailCommand } from "@aws-sdk/client-sesv2";
import { Kafka, logLevel } from "kafkajs";
import nodemailer from "nodemailer";

export const topic = process.env.TOPIC;
export const kafka = new Kafka({
  brokers: process.env.KAFKA_BOOTSTRAP_SERVERS.split(","),
  logLevel: logLevel.ERROR,
});

// Print a line: whoever started the process waits for it.
export const ready = (line) => console.log(line);

// Mail a customer that the order is paid, over SES.
const transport = nodemailer.createTransport({ SES: { sesClient: new SESv2Client({}), SendEmailCommand } });
export const sendMail = (order) =>
  transport.sendMail({
    from: '"The Analytical Bookshop" <orders@shop.example>',
    to: { name: order.customer.name, address: order.customer.email },
    subject: `Your order ${order.order_id} is confirmed`,
    text: `Hello ${order.customer.name},\n\nyour payment has come.\n\n${lines(order).join("\n")}\n`,
    html: `<p>Hello ${escape(order.customer.name)},</p><p>your payment has come.</p><ul>${lines(order)
      .map((line) => `<li>${escape(line)}</li>`)
      .join("")}</ul>`,
  });
const lines = (order) => order.items.map((each) => `${each.quantity} × ${each.name}: ${each.unit_price}`);
const escape = (words) => words.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

// Serve POST /orders: `place` gets the body and returns the status and the order.
export const serveOrders = (place) => {
  const server = createServer(async (request, response) => {
    let [status, answer] = [404, { title: "Not found" }];
    try {
      if (request.method === "POST" && request.url === "/orders") {
        [status, answer] = await place(JSON.parse(await text(request)));
      }
    } catch (error) {
      console.error(error);
      [status, answer] = error instanceof SyntaxError ? [400, { title: "Bad request" }] : [500, { title: "Failed" }];
    }
    const body = JSON.stringify(answer);
    response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
    response.end(body);
  });
  server.listen(0, "127.0.0.1", () => ready(`http://127.0.0.1:${server.address().port}`));
};

// Connect a producer, and return a function that sends an order and waits for all in-sync replicas.
export const connectProducer = async () => {
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  return (order) =>
    producer.send({ topic, acks: -1, messages: [{ key: order.order_id, value: JSON.stringify(order) }] });
};
