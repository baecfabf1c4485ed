// HTTP handler of the storing pair: it stores the order once for each payment, and then sends it to Kafka.
// It has no outbox: an order whose send fails or whose process dies in between is stored and never becomes a mail.
import { createHash } from "node:crypto";
import { ConditionalCheckFailedException, DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { connectProducer, serveOrders } from "../clients.mjs";

const dynamodb = new DynamoDBClient({});
const publish = await connectProducer();
serveOrders(async (body) => {
  const order_id = createHash("sha256").update(body.payment.reference).digest("hex");
  const order = { ...body, order_id, created_at: new Date().toISOString() };
  try {
    await dynamodb.send(
      new PutItemCommand({
        TableName: process.env.ORDERS_TABLE,
        Item: { order_id: { S: order_id }, order: { S: JSON.stringify(order) } },
        ConditionExpression: "attribute_not_exists(order_id)",
        ReturnValuesOnConditionCheckFailure: "ALL_OLD",
      }),
    );
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    return [200, JSON.parse(error.Item.order.S)];
  }
  await publish(order);
  return [201, order];
});
