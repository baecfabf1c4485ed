// Calls every method of mailpit-api on the console at the URL in the first argument, and prints what each returned:
// a JSON object, by the method's name. A method that fails has {"error": text} there.
import { MailpitClient } from "mailpit-api";

const mailpit = new MailpitClient(process.argv[2]);
const results = {};
const called = new Set();

async function call(method, ...parameters) {
  called.add(method);
  try {
    const result = await mailpit[method](...parameters);
    const isBlob = result instanceof Blob;
    results[method] = isBlob ? { type: result.type, text: await result.text() } : result;
  } catch (error) {
    results[method] = { error: error.message };
  }
  return results[method];
}

await call("sendMessage", {
  From: { Email: "shop@example.com", Name: "Shop" },
  To: [{ Email: "ada+vip@example.com", Name: "Ada" }],
  Bcc: ["audit@example.com"],
  Subject: "Paid: order 1",
  Text: "Thank you",
  HTML: '<p>Thank you</p><img src="cid:logo">',
  Tags: ["paid"],
  Attachments: [
    { Content: btoa("%PDF"), Filename: "invoice.pdf", ContentType: "application/pdf" },
    { Content: btoa("GIF89a"), Filename: "logo.gif", ContentType: "image/gif", ContentID: "logo" },
  ],
});
await mailpit.sendMessage({ From: { Email: "a@example.com" }, To: [{ Email: "b@example.com" }], Subject: "Other" });
const { ID } = results.sendMessage;
await call("getInfo");
await call("getConfiguration");
await call("listMessages");
await call("searchMessages", { query: 'from:shop subject:"order 1" is:unread has:attachment -tag:other', tz: "UTC" });
await call("waitForMessage", { query: "subject:paid" }, { timeout: 5000, interval: 50 });
await call("waitForMessages", { query: "to:ada", count: 1, exact: true }, { timeout: 5000, interval: 50 });
const message = await call("getMessageSummary", ID);
await call("getMessageHeaders", ID);
await call("getMessageSource", ID);
await call("getMessageAttachment", ID, message.Attachments[0].PartID);
await call("renderMessageHTML", ID, 1);
await call("renderMessageText", ID);
await call("setReadStatus", { Search: "subject:paid", Read: false });
results.unread = (await mailpit.searchMessages({ query: "is:unread" })).messages_count;
await call("setTags", { IDs: [ID], Tags: ["sent", "late"] });
await call("renameTag", "late", "in time");
await call("getTags");
await call("deleteTag", "sent");
results.tagsLeft = await mailpit.getTags();
await call("getAttachmentThumbnail", ID, message.Attachments[0].PartID);
await call("releaseMessage", ID, ["ada@example.com"]);
await call("htmlCheck", ID);
await call("linkCheck", ID);
await call("spamAssassinCheck", ID);
await call("getChaosTriggers");
await call("setChaosTriggers");
await call("deleteMessagesBySearch", { query: "subject:other" });
results.left = (await mailpit.listMessages()).messages.map((each) => each.Subject);
await call("deleteMessages", { IDs: [ID] });
results.leftInTheEnd = (await mailpit.listMessages()).total;
results.unknownOperator = await mailpit.searchMessages({ query: "recipient:ada" }).catch((error) => error.message);

const methods = Object.getOwnPropertyNames(MailpitClient.prototype).filter((name) => !["constructor", "request"].includes(name));
results.notCalled = methods.filter((name) => !called.has(name));
console.log(JSON.stringify(results));
