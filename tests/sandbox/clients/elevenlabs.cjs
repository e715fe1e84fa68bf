// @elevenlabs/elevenlabs-js against the stand-in: what it parses, and what it makes of refusals.
const assert = require("node:assert/strict");
const { ElevenLabsClient, ElevenLabsError } = require("@elevenlabs/elevenlabs-js");

const client = (apiKey) => new ElevenLabsClient({ apiKey, baseUrl: process.env.BASE, maxRetries: 0 });

async function main() {
  const labs = client(process.env.KEY);
  const subscription = await labs.user.subscription.get();
  assert.equal(subscription.tier, "pro");
  assert.equal(subscription.professionalVoiceSlotsUsedInWorkspace, 0);
  assert.equal(typeof subscription.maxCreditLimitExtension, "number");
  const user = await labs.user.get();
  assert.equal(user.subscription.characterLimit, subscription.characterLimit);
  assert.equal(user.seatType, "workspace_admin");
  const voices = await labs.voices.search({ pageSize: 2 });
  assert.equal(voices.voices.length, 2);
  assert.equal(voices.hasMore, true);
  assert.equal((await labs.voices.get("sandbox-narrator-1")).name, "Edmund");
  assert.ok((await labs.models.list()).some((model) => model.modelId === "eleven_multilingual_v2"));
  const sound = await labs.textToSpeech.convertWithTimestamps("sandbox-narrator-1", { text: "A bear waits." });
  assert.ok(sound.audioBase64.length > 1000);
  assert.equal(sound.alignment.characters.join(""), "A bear waits.");
  const refused = await labs.voices.get("nobody").catch((error) => error);
  assert.ok(refused instanceof ElevenLabsError && refused.statusCode === 404, String(refused));
  const stranger = await client("wrong").user.get().catch((error) => error);
  assert.equal(stranger.statusCode, 401);
}

main().then(() => console.log("ok"));
