// @aws-sdk/client-s3 against the stand-in: a right secret serves, a wrong one is refused by name.
const assert = require("node:assert/strict");
const { S3Client, PutObjectCommand, GetObjectCommand, ListObjectsV2Command, HeadObjectCommand } = require("@aws-sdk/client-s3");

const { BASE, BUCKET, KEY_ID, SECRET } = process.env;
const client = (accessKeyId, secretAccessKey) =>
  new S3Client({
    endpoint: BASE, region: "auto", forcePathStyle: true, maxAttempts: 1,
    credentials: { accessKeyId, secretAccessKey },
    requestChecksumCalculation: "WHEN_REQUIRED", responseChecksumValidation: "WHEN_REQUIRED",
  });

async function main() {
  const right = client(KEY_ID, SECRET);
  const Key = "an npm folder/bär (1)+2&3.png";
  await right.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: "picture", ContentType: "image/png" }));
  const got = await right.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
  assert.equal(await got.Body.transformToString(), "picture");
  const listed = await right.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: "an npm folder/" }));
  assert.deepEqual(listed.Contents.map((one) => one.Key), [Key]);
  await right.send(new HeadObjectCommand({ Bucket: BUCKET, Key }));
  for (const [id, secret, code] of [[KEY_ID, "wrong", "SignatureDoesNotMatch"], ["nobody", SECRET, "InvalidAccessKeyId"]]) {
    const refused = await client(id, secret)
      .send(new PutObjectCommand({ Bucket: BUCKET, Key: "b", Body: "x" }))
      .catch((error) => error);
    assert.equal(refused.name, code);
    assert.equal(refused.$metadata.httpStatusCode, 403);
  }
}

main().then(() => console.log("ok"));
