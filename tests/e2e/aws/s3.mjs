// AWS's SDK for JavaScript as it is, against a node. Run by aws_s3.rs, with the node's endpoint and an
// access key in the environment.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";

import * as s3 from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";

const client = new s3.S3Client({ forcePathStyle: true, maxAttempts: 1 });
const send = (command) => client.send(command);
const Bucket = "js-bucket";

async function refused(name, status, command) {
  try {
    await send(command);
  } catch (error) {
    assert.equal(error.name, name);
    assert.equal(error.$metadata.httpStatusCode, status);
    return;
  }
  assert.fail(`not refused: ${name}`);
}

await send(new s3.CreateBucketCommand({ Bucket }));
await s3.waitUntilBucketExists({ client, maxWaitTime: 30, minDelay: 1, maxDelay: 1 }, { Bucket });

// Written with a checksum that the SDK adds by itself; read back with it verified.
await send(new s3.PutObjectCommand({ Bucket, Key: "a b/é", Body: "hello", ContentType: "text/plain", Metadata: { a: "1" } }));
const got = await send(new s3.GetObjectCommand({ Bucket, Key: "a b/é", ChecksumMode: "ENABLED" }));
assert.equal(await got.Body.transformToString(), "hello");
assert.equal(got.ContentType, "text/plain");
assert.deepEqual(got.Metadata, { a: "1" });
assert.ok(got.ChecksumCRC32);

// A stream has its checksum in a trailer.
const data = randomBytes(1 << 20);
await send(new s3.PutObjectCommand({ Bucket, Key: "stream", Body: Readable.from([data]), ContentLength: data.length }));
const streamed = await send(new s3.GetObjectCommand({ Bucket, Key: "stream" }));
assert.deepEqual(Buffer.from(await streamed.Body.transformToByteArray()), data);

const big = randomBytes(11 << 20);
await new Upload({ client, params: { Bucket, Key: "big", Body: Readable.from([big.subarray(0, 3 << 20), big.subarray(3 << 20)]) } }).done();
const head = await send(new s3.HeadObjectCommand({ Bucket, Key: "big" }));
assert.equal(head.ContentLength, big.length);
assert.match(head.ETag, /-3"$/);
const range = await send(new s3.GetObjectCommand({ Bucket, Key: "big", Range: "bytes=1-3" }));
assert.deepEqual(Buffer.from(await range.Body.transformToByteArray()), big.subarray(1, 4));

const keys = [];
for await (const page of s3.paginateListObjectsV2({ client, pageSize: 1 }, { Bucket })) {
  keys.push(...page.Contents.map((object) => object.Key));
}
assert.deepEqual(keys, ["a b/é", "big", "stream"]);

await refused("NoSuchKey", 404, new s3.GetObjectCommand({ Bucket, Key: "none" }));
await refused("NoSuchBucket", 404, new s3.ListObjectsV2Command({ Bucket: "js-none" }));
await refused("PreconditionFailed", 412, new s3.PutObjectCommand({ Bucket, Key: "big", Body: "x", IfNoneMatch: "*" }));

const url = await getSignedUrl(client, new s3.GetObjectCommand({ Bucket, Key: "a b/é" }), { expiresIn: 60 });
assert.equal(await (await fetch(url)).text(), "hello");
const put = await getSignedUrl(client, new s3.PutObjectCommand({ Bucket, Key: "by-url" }), { expiresIn: 60 });
assert.equal((await fetch(put, { method: "PUT", body: "by url" })).status, 200);

await send(new s3.CopyObjectCommand({ Bucket, Key: "copy", CopySource: `${Bucket}/a%20b/%C3%A9` }));
const deleted = await send(new s3.DeleteObjectsCommand({ Bucket, Delete: { Objects: [...keys, "by-url", "copy"].map((Key) => ({ Key })) } }));
assert.equal(deleted.Deleted.length, 5);
await send(new s3.DeleteBucketCommand({ Bucket }));
await s3.waitUntilBucketNotExists({ client, maxWaitTime: 30, minDelay: 1, maxDelay: 1 }, { Bucket });
console.log("passed");
