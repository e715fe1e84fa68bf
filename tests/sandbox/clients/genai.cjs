// @google/genai against the stand-in: models, text, a picture, and errors in Google's shape.
const assert = require("node:assert/strict");
const { GoogleGenAI, ApiError } = require("@google/genai");

async function main() {
  const ai = new GoogleGenAI({ apiKey: process.env.KEY, httpOptions: { baseUrl: process.env.BASE } });
  const text = await ai.models.generateContent({ model: process.env.TEXT_MODEL, contents: "Say hello." });
  assert.ok(text.text.length > 0);
  const drawn = await ai.models.generateContent({ model: process.env.IMAGE_MODEL, contents: "A brown bear." });
  const parts = drawn.candidates[0].content.parts;
  assert.ok(parts.some((part) => part.inlineData?.mimeType.startsWith("image/")));
  assert.ok((await ai.models.get({ model: process.env.TEXT_MODEL })).name.endsWith(process.env.TEXT_MODEL));
  for (const call of [
    () => ai.models.embedContent({ model: process.env.TEXT_MODEL, contents: "a" }),
    () => ai.models.get({ model: "gemini-of-yesterday" }),
    () => ai.files.list(),
  ]) {
    const refused = await call().catch((error) => error);
    assert.ok(refused instanceof ApiError, String(refused));
    assert.equal(refused.status, 404);
    assert.equal(JSON.parse(refused.message).error.status, "NOT_FOUND");
  }
}

main().then(() => console.log("ok"));
