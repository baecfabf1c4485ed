// HTTP handler of the plain pair: it sends the order to Kafka, and stores nothing.
import { randomUUID } from "node:crypto";
import { connectProducer, serveOrders } from "../clients.mjs";

const publish = await connectProducer();
serveOrders(async (body) => {
  const order = { ...body, order_id: randomUUID() };
  await publish(order);
  return [201, order];
});
