// @notionhq/client against the stand-in: users, search, views, and the version before data sources.
const assert = require("node:assert/strict");
const { Client, APIErrorCode } = require("@notionhq/client");

const { BASE, TOKEN, PAGE } = process.env;
const speaking = (notionVersion) => new Client({ auth: TOKEN, baseUrl: BASE, notionVersion, logLevel: "error" });
const rich = (content) => [{ text: { content } }];

async function main() {
  const notion = speaking("2026-03-11");
  assert.equal((await notion.users.me({})).type, "bot");
  const users = await notion.users.list({});
  assert.deepEqual(users.results.map((user) => user.type), ["bot", "person"]);
  const first = await notion.users.list({ page_size: 1 });
  assert.equal((await notion.users.list({ page_size: 1, start_cursor: first.next_cursor })).results[0].type, "person");

  const database = await notion.databases.create({
    parent: { type: "page_id", page_id: PAGE }, title: rich("Episodes"),
    initial_data_source: { properties: { Title: { title: {} }, Status: { select: { options: [{ name: "Queued" }] } } } },
  });
  const data_source_id = database.data_sources[0].id;
  const add = (title, status) =>
    notion.pages.create({
      parent: { type: "data_source_id", data_source_id },
      properties: { Title: { title: rich(title) }, Status: { select: { name: status } } },
    });
  const bear = await add("The Cold Crossing", "Queued");
  await add("Night Owls", "Draft");

  const found = await notion.search({ query: "cold", filter: { property: "object", value: "page" } });
  assert.deepEqual(found.results.map((page) => page.id), [bear.id]);
  const tables = await notion.search({ query: "episodes", filter: { property: "object", value: "data_source" } });
  assert.deepEqual(tables.results.map((one) => [one.object, one.id]), [["data_source", data_source_id]]);
  const wrong = await notion.search({ filter: { property: "object", value: "database" } }).catch((error) => error);
  assert.equal(wrong.code, APIErrorCode.ValidationError);

  const born = await notion.views.list({ database_id: database.id });
  assert.deepEqual(born.results.map((view) => view.type), ["table"]);
  const filter = { property: "Status", select: { equals: "Queued" } };
  const view = await notion.views.create({ database_id: database.id, data_source_id, name: "Queue", type: "board", filter });
  assert.equal((await notion.views.retrieve({ view_id: view.id })).name, "Queue");
  const asked = await notion.views.queries.create({ view_id: view.id, page_size: 10 });
  assert.deepEqual([asked.total_count, asked.results.map((page) => page.id)], [1, [bear.id]]);
  const again = await notion.views.queries.results({ view_id: view.id, query_id: asked.id });
  assert.equal(again.results.length, 1);
  assert.equal((await notion.views.queries.delete({ view_id: view.id, query_id: asked.id })).deleted, true);
  assert.equal((await notion.views.update({ view_id: view.id, name: "Waiting" })).name, "Waiting");
  await notion.views.delete({ view_id: view.id });
  const gone = await notion.views.retrieve({ view_id: view.id }).catch((error) => error);
  assert.equal(gone.code, APIErrorCode.ObjectNotFound);

  const older = speaking("2022-06-28");
  const old = await older.request({ method: "get", path: `databases/${database.id}` });
  assert.deepEqual(Object.keys(old.properties).sort(), ["Status", "Title"]);
  assert.equal("data_sources" in old, false);
  const rows = await older.request({ method: "post", path: `databases/${database.id}/query`, body: { filter } });
  assert.deepEqual(rows.results.map((page) => page.parent), [{ type: "database_id", database_id: database.id }]);
  const made = await older.pages.create({
    parent: { database_id: database.id }, properties: { Title: { title: rich("Older") } },
  });
  assert.equal(made.parent.database_id, database.id);
  const unknown = await older.request({ method: "get", path: `data_sources/${data_source_id}` }).catch((error) => error);
  assert.equal(unknown.code, APIErrorCode.InvalidRequestURL);
}

main().then(() => console.log("ok"));
