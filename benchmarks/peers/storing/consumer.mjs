// Consumer of the storing pair: it claims each notification in a ledger, mails, and marks the notification as sent.
// The messages of a batch are worked on side by side. A claim whose owner died is over after LEASE.
import { randomUUID } from "node:crypto";
import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  PutItemCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { kafka, ready, sendMail, topic } from "../clients.mjs";

const LEASE = 10_000; // milliseconds
const owner = randomUUID();
const dynamodb = new DynamoDBClient({});
const table = process.env.NOTIFICATIONS_TABLE;

const claim = async (order_id) => {
  const now = Date.now();
  try {
    await dynamodb.send(
      new PutItemCommand({
        TableName: table,
        Item: { order_id: { S: order_id }, status: { S: "claimed" }, owner: { S: owner }, until: { N: `${now + LEASE}` } },
        ConditionExpression: "attribute_not_exists(order_id) OR (#status = :claimed AND #until < :now)",
        ExpressionAttributeNames: { "#status": "status", "#until": "until" },
        ExpressionAttributeValues: { ":claimed": { S: "claimed" }, ":now": { N: `${now}` } },
        ReturnValuesOnConditionCheckFailure: "ALL_OLD",
      }),
    );
    return true;
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    if (error.Item.status.S === "sent") return false;
    throw new Error("another sender has the claim"); // kafkajs reads the batch again
  }
};

const mark = (order_id) =>
  dynamodb.send(
    new UpdateItemCommand({
      TableName: table,
      Key: { order_id: { S: order_id } },
      UpdateExpression: "SET #status = :sent",
      ConditionExpression: "#owner = :owner",
      ExpressionAttributeNames: { "#status": "status", "#owner": "owner" },
      ExpressionAttributeValues: { ":sent": { S: "sent" }, ":owner": { S: owner } },
    }),
  );

const notify = async ({ value }) => {
  const order = JSON.parse(value);
  if (await claim(order.order_id)) {
    await sendMail(order);
    await mark(order.order_id);
  }
};

const consumer = kafka.consumer({ groupId: `${topic}-mails`, sessionTimeout: 10_000 });
consumer.on(consumer.events.GROUP_JOIN, () => ready("joined"));
await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
await consumer.run({
  partitionsConsumedConcurrently: 3,
  eachBatchAutoResolve: false,
  eachBatch: async ({ batch, resolveOffset, commitOffsetsIfNecessary, heartbeat }) => {
    await Promise.all(batch.messages.map(notify));
    resolveOffset(batch.lastOffset());
    await commitOffsetsIfNecessary();
    await heartbeat();
  },
});
