// What the checks by node-postgres share: how to connect, what to ask, how to show it.
'use strict'

const assert = require('node:assert')
const crypto = require('node:crypto')
const { Client } = require('pg')

const ROWS = 100000
const MANY = `SELECT n, 'row ' || n AS t FROM generate_series(1, ${ROWS}) n`
const SLEEPERS =
  "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
const NOTICES =
  "DO $$ BEGIN RAISE NOTICE 'first' USING DETAIL = 'a detail', HINT = 'a hint';" +
  " RAISE WARNING 'second'; RAISE NOTICE 'third'; END $$"
const OPTIONS = '-c statement_timeout=54321 -c search_path=pg_catalog,public -c work_mem=7MB'
const STARTED =
  "SELECT concat_ws('|', current_setting('application_name'), current_setting('TimeZone')," +
  " current_setting('statement_timeout'), current_setting('search_path'), current_setting('work_mem'))"
const SETTINGS =
  "SELECT concat_ws('|', current_setting('TimeZone'), current_setting('search_path')," +
  " current_setting('application_name'), current_setting('work_mem'))"
const ALL_BYTES = '\\x' + Buffer.from(Array.from({ length: 256 }, (_, n) => n)).toString('hex')
const VALUES = [
  ['int4', '2147483647'],
  ['int8', '-9223372036854775808'],
  ['numeric', '12345678901234567890.123456789'],
  ['numeric', 'NaN'],
  ['float8', '0.1'],
  ['float8', 'NaN'],
  ['float8', '-Infinity'],
  ['bool', 'true'],
  ['text', 'grüße, 世界 \'quoted\' "too" \\ and\ttab'],
  ['text', ''],
  ['bytea', ALL_BYTES],
  ['timestamptz', '2026-02-28 23:59:59.999999+00'],
  ['jsonb', '{"a": [1, null, "x"]}'],
  ['uuid', '80000000-0000-0000-0000-000000000001'],
  ['int4[]', '{1,NULL,3}'],
  ['text[]', '{a,NULL,"b\\"c"}'],
  ['text', null],
]

const digest = (data) =>
  `${Buffer.byteLength(data)} bytes ${crypto.createHash('md5').update(data).digest('hex')}`

async function connect(more = {}) {
  const client = new Client(more)
  // A connection that breaks fails its queries; that is what the check tells.
  client.on('error', () => {})
  await client.connect()
  return client
}

/** Runs `work` with this many sessions and closes them whatever happens. */
async function sessions(count, work, more = {}) {
  const opened = []
  try {
    while (opened.length < count) opened.push(await connect(more))
    return await work(...opened)
  } finally {
    await Promise.all(opened.map((client) => client.end()))
  }
}

async function value(client, text, values) {
  const result = await client.query({ text, values, rowMode: 'array' })
  return result.rows[0][0]
}

/** The SQLSTATE that a query fails with. */
async function state(client, text) {
  const error = await client.query(text).then(
    () => assert.fail(`${text} did not fail`),
    (error) => error,
  )
  return error.code ?? error.message
}

/** Does `work` in both sessions while one of them stays in a transaction. */
async function crossing(a, b, work) {
  const seen = []
  for (const [held, other] of [[a, b], [b, a]]) {
    await held.query('BEGIN')
    for (const client of [held, other, held]) seen.push(await work(client))
    await held.query('COMMIT')
  }
  return seen
}

function lines() {
  const all = []
  for (let n = 0; n < ROWS; n++) all.push(`${n}\t${'payload '.repeat(12)}${n}\n`)
  return all.join('')
}

function big() {
  const blocks = []
  for (let n = 0; n < 20000000 / 128; n++) {
    blocks.push(crypto.createHash('sha512').update(String(n)).digest('hex'))
  }
  return blocks.join('')
}

module.exports = {
  ROWS,
  MANY,
  SLEEPERS,
  NOTICES,
  OPTIONS,
  STARTED,
  SETTINGS,
  VALUES,
  digest,
  connect,
  sessions,
  value,
  state,
  crossing,
  lines,
  big,
}
