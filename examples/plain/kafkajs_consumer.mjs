// Consumer with kafkajs: prints a line for each paid order. It reads KAFKA_BOOTSTRAP_SERVERS.
import { writeSync } from "node:fs";
import { Kafka, logLevel } from "kafkajs";

const TYPE = "order.paid.v1";
const kafka = new Kafka({ brokers: process.env.KAFKA_BOOTSTRAP_SERVERS.split(","), logLevel: logLevel.ERROR });
const consumer = kafka.consumer({ groupId: "plain-kafkajs" });
const done = new Set(); // in memory: a service keeps the ids beside what its work writes

await consumer.connect();
await consumer.subscribe({ topic: "order-events", fromBeginning: true });
process.once("SIGTERM", () => consumer.disconnect());
await consumer.run({
  autoCommit: false,
  eachMessage: async ({ topic, partition, message }) => {
    const contentType = message.headers["content-type"]?.toString() ?? "";
    if (message.value && contentType.startsWith("application/cloudevents+json")) {
      const event = JSON.parse(message.value);
      // The type first: an event that this consumer ignores is not done.
      if (event.specversion === "1.0" && event.type === TYPE && !done.has(event.id)) {
        writeSync(1, `${event.data.order_id} ${event.data.total} ${event.data.currency}\n`);
        done.add(event.id);
      }
    }
    // After the work: a process that dies before it reads the record again.
    const offset = (BigInt(message.offset) + 1n).toString();
    await consumer.commitOffsets([{ topic, partition, offset }]);
  },
});
