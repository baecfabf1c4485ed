// Consumer of the plain pair: a mail for each order, with kafkajs's usual settings.
import { kafka, ready, sendMail, topic } from "../clients.mjs";

const consumer = kafka.consumer({ groupId: `${topic}-mails` });
consumer.on(consumer.events.GROUP_JOIN, () => ready("joined"));
await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
await consumer.run({
  partitionsConsumedConcurrently: 3,
  eachMessage: ({ message }) => sendMail(JSON.parse(message.value)),
});
