// @slack/webhook against the stand-in: what is taken, and which words refuse the rest.
const assert = require("node:assert/strict");
const { IncomingWebhook } = require("@slack/webhook");

async function main() {
  const webhook = new IncomingWebhook(process.env.BASE + "/services/T/B/X");
  const text = { type: "mrkdwn", text: "*parked*" };
  const taken = await webhook.send({ text: "KIE is out of credit", blocks: [{ type: "section", text }, { type: "divider" }] });
  assert.equal(taken.text, "ok");
  const wrong = [
    [{ type: "section" }], [{ type: "sections", text }], [{ type: "section", text: { type: "mrkdwn", text: "" } }],
    [{ type: "header", text }], [{ type: "section", text: { type: "mrkdwn", text: "x".repeat(3001) } }],
  ];
  for (const blocks of wrong) {
    const refused = await webhook.send({ text: "a", blocks }).catch((error) => error);
    const said = refused.original?.response ?? refused.response ?? {};
    assert.equal(said.status ?? refused.statusCode, 400, JSON.stringify(blocks));
    assert.match(String(said.data ?? refused.body ?? refused.message), /invalid_blocks|400/);
  }
}

main().then(() => console.log("ok"));
