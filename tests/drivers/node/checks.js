// The shared checks by node-postgres. Where to: the PG… variables.
'use strict'

const { once } = require('node:events')
const { readFileSync } = require('node:fs')
const path = require('node:path')
const { Readable } = require('node:stream')
const { pipeline } = require('node:stream/promises')
const { Client, Query } = require('pg')
const Cursor = require('pg-cursor')
const copyStreams = require('pg-copy-streams')
const {
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
} = require('./shared.js')

/** `parser` gets the bytes of a value as the server sent them. */
function types(binary, parser) {
  return sessions(1, async (a) => {
    const seen = []
    for (const [name, literal] of VALUES) {
      const query = { text: `SELECT $1::text::${name} AS v`, values: [literal], binary }
      if (parser) query.types = { getTypeParser: () => parser }
      const result = await a.query(query)
      const v = result.rows[0].v
      seen.push(result.fields[0].dataTypeID, result.fields[0].format, typeof v)
      seen.push(Buffer.isBuffer(v) ? v.toString('hex') : (JSON.stringify(v) ?? String(v)), String(v))
      if (!parser) seen.push(String(await value(a, `SELECT $1::${name} AS v`, [v])))
    }
    return seen
  })
}

const checks = {
  types_text: () => types(false),

  types_binary: () => types(true, (bytes) => bytes),

  prepared_reuse: () =>
    sessions(3, async (...opened) => {
      const seen = []
      for (let run = 0; run < 20; run++) {
        await opened[run % 3].query('BEGIN')
        for (const client of opened) {
          const text = 'SELECT $1::int + 1 AS n, $2::text AS t'
          const query = { name: 'reused', text, values: [run, 'x'.repeat(run)], rowMode: 'array' }
          seen.push((await client.query(query)).rows[0])
        }
        await opened[run % 3].query('COMMIT')
      }
      return digest(JSON.stringify(seen))
    }),

  transactions: () =>
    sessions(2, async (a, b) => {
      const seen = []
      await a.query('CREATE TABLE kept (n integer PRIMARY KEY)')
      await a.query('BEGIN')
      await a.query('INSERT INTO kept VALUES ($1)', [1])
      await a.query('COMMIT')
      await a.query('BEGIN')
      await a.query('INSERT INTO kept VALUES ($1)', [2])
      seen.push((await a.query('ROLLBACK')).command)
      seen.push(await value(a, 'SELECT array_agg(n) FROM kept'))
      await a.query('BEGIN READ ONLY')
      seen.push(await state(a, 'INSERT INTO kept VALUES (3)'))
      await a.query('ROLLBACK')
      await b.query('BEGIN ISOLATION LEVEL REPEATABLE READ')
      seen.push(await value(b, 'SELECT count(*) FROM kept'))
      await a.query('INSERT INTO kept VALUES (4)')
      seen.push(await value(b, 'SELECT count(*) FROM kept'))
      await b.query('COMMIT')
      seen.push(await value(b, 'SELECT count(*) FROM kept'))
      return seen
    }),

  errors: () =>
    sessions(1, async (a) => {
      const seen = []
      await a.query('CREATE TABLE wrong (n integer CONSTRAINT positive CHECK (n > 0))')
      for (const text of ['SELECT 1 / 0', 'SELEC 1', 'SELECT * FROM nowhere', "SELECT 'x'::int"]) {
        seen.push(await state(a, text))
      }
      const error = await a.query('INSERT INTO wrong VALUES ($1)', [-1]).catch((error) => error)
      seen.push(JSON.stringify({ message: error.message, ...error }))
      seen.push(await value(a, 'SELECT $1::int', [1]))
      await a.query('BEGIN')
      seen.push(await state(a, 'SELECT nothing'), await state(a, 'SELECT 1'))
      seen.push((await a.query('COMMIT')).command, await value(a, 'SELECT $1::int', [2]))
      return seen
    }),

  savepoints: () =>
    sessions(1, async (a) => {
      const seen = []
      await a.query('CREATE TABLE saved (n integer PRIMARY KEY)')
      await a.query('BEGIN; INSERT INTO saved VALUES (1); SAVEPOINT x')
      await a.query('INSERT INTO saved VALUES ($1)', [2])
      await a.query('SAVEPOINT y; INSERT INTO saved VALUES (3); RELEASE y')
      seen.push(await state(a, 'INSERT INTO saved VALUES (1)'), await state(a, 'SELECT 1'))
      await a.query('ROLLBACK TO x')
      await a.query('INSERT INTO saved VALUES ($1)', [4])
      await a.query('COMMIT')
      seen.push(await value(a, 'SELECT array_agg(n ORDER BY n) FROM saved'))
      return seen
    }),

  // A portal that is read with Flush; nothing else can be sent on it in between.
  cursor: () =>
    sessions(2, async (a, b) => {
      const seen = []
      const rows = []
      for (const begin of [true, false]) {
        if (begin) await a.query('BEGIN')
        const cursor = a.query(new Cursor(MANY))
        for (let batch; (batch = await cursor.read(5000)).length; ) {
          rows.push(JSON.stringify(batch))
          seen.push(await value(b, 'SELECT $1::int', [batch.length]))
        }
        await cursor.close()
        if (begin) await a.query('COMMIT')
      }
      const early = a.query(new Cursor(MANY))
      seen.push((await early.read(10)).length)
      await early.close()
      return [digest(rows.join('')), ...seen, await value(a, 'SELECT 1')]
    }),

  copy_in: () =>
    sessions(1, async (a) => {
      await a.query('CREATE TABLE loaded (n integer, t text)')
      const into = () => a.query(copyStreams.from('COPY loaded FROM STDIN'))
      const whole = into()
      await pipeline(Readable.from([lines()]), whole)
      const seen = [whole.rowCount]
      const sum = "SELECT count(*), sum(n), md5(string_agg(t, ',' ORDER BY n)) FROM loaded"
      seen.push(JSON.stringify((await a.query(sum)).rows))
      const failed = await pipeline(Readable.from(['no number\tx\n']), into()).catch((e) => e)
      seen.push(failed.code, failed.where)
      async function* half() {
        yield '1\tx\n'
        throw new Error('given up')
      }
      const upset = await pipeline(Readable.from(half()), into()).catch((e) => e)
      seen.push(upset.message, await value(a, 'SELECT count(*) FROM loaded'))
      return seen
    }),

  copy_out: () =>
    sessions(1, async (a) => {
      await a.query(
        "CREATE TABLE stored AS SELECT n, repeat('payload ', 12) || n AS t" +
          ` FROM generate_series(1, ${ROWS}) n`,
      )
      const seen = []
      for (const options of ['', ' (FORMAT binary)']) {
        const out = a.query(copyStreams.to(`COPY stored TO STDOUT${options}`))
        const chunks = []
        for await (const chunk of out) chunks.push(chunk)
        seen.push(digest(Buffer.concat(chunks)), out.rowCount)
      }
      return [...seen, await value(a, 'SELECT 1')]
    }),

  pipeline_error: () =>
    sessions(
      1,
      async (a) => {
        await a.query('CREATE TABLE piped (n integer)')
        const sent = []
        for (let n = 0; n < 300; n++) {
          sent.push(a.query('INSERT INTO piped VALUES ($1) RETURNING n', [n]))
          if (n % 100 === 50) sent.push(a.query('SELECT 1 / $1::int', [0]))
        }
        const settled = await Promise.allSettled(sent)
        const told = settled.map(({ value, reason }) => reason?.code ?? value.rows[0].n)
        const sum = 'SELECT count(*) || $1 || sum(n) FROM piped'
        return [digest(told.join()), told[51], told.at(-1), await value(a, sum, [' '])]
      },
      { pipeline: true },
    ),

  cancel: () =>
    sessions(2, async (a, b) => {
      const query = new Query('SELECT pg_sleep(600)')
      const ended = new Promise((resolve) => (query.callback = resolve))
      a.query(query)
      while ((await value(b, SLEEPERS)) !== '1');
      new Client().cancel(a, query)
      const error = await ended
      return [error.code, error.message, await value(a, 'SELECT 1')]
    }),

  listen_notify: () =>
    sessions(2, async (a, b) => {
      const seen = []
      const heard = async (query) => {
        const [[notification]] = await Promise.all([once(a, 'notification'), query])
        seen.push(notification.channel, notification.payload)
      }
      await a.query('LISTEN news')
      await heard(a.query("NOTIFY news, 'own'"))
      await b.query('BEGIN')
      await b.query("SELECT pg_notify('news', 'from another')")
      await a.query('BEGIN')
      await a.query('COMMIT')
      await heard(b.query('COMMIT'))
      await a.query('UNLISTEN news')
      await b.query("NOTIFY news, 'not heard'")
      await a.query('LISTEN other')
      await heard(a.query("NOTIFY other, 'last'"))
      return seen
    }),

  notices: () =>
    sessions(1, async (a) => {
      const seen = []
      a.on('notice', (n) => seen.push(n.severity, n.message, n.detail ?? '', n.hint ?? ''))
      await a.query(NOTICES)
      await a.query('SET client_min_messages = warning')
      await a.query(NOTICES)
      return seen
    }),

  big_value: () =>
    sessions(1, async (a) => {
      const text = big()
      const query = 'SELECT $1::text AS t, length($2::text) AS n, $3::bytea AS b'
      const { t, n, b } = (await a.query(query, [text, text, Buffer.from(text)])).rows[0]
      return [digest(t), t === text, n, digest(b)]
    }),

  many_parameters: () =>
    sessions(1, async (a) => {
      const numbers = Array.from({ length: 1000 }, (_, n) => n)
      const places = numbers.map((n) => `$${n + 1}::int`).join()
      const text = `SELECT sum(n), count(n) FROM unnest(ARRAY[${places}]) n`
      const seen = []
      for (const name of ['', 'many', 'many']) {
        seen.push(JSON.stringify((await a.query({ name, text, values: numbers })).rows))
      }
      return seen
    }),

  fifty_at_once: () =>
    sessions(51, async (first, ...opened) => {
      await first.query('CREATE TABLE written (who integer, n integer)')
      const work = async (own, number) => {
        let right = true
        for (let n = 0; n < 20; n++) {
          await own.query('BEGIN')
          right &&= (await value(own, 'SELECT $1::int * 1000 + $2', [number, n])) === number * 1000 + n
          await own.query('INSERT INTO written VALUES ($1, $2)', [number, n])
          await own.query('COMMIT')
        }
        return right
      }
      const all = await Promise.all(opened.map(work))
      const written = 'SELECT count(*), count(DISTINCT (who, n)), sum(n) FROM written'
      return [all.filter(Boolean).length, JSON.stringify((await first.query(written)).rows)]
    }),

  settings: () =>
    sessions(2, async (a, b) => {
      const seen = []
      const look = async () => seen.push(...(await crossing(a, b, (c) => value(c, SETTINGS))))
      await a.query("SET TimeZone = 'Asia/Tokyo'; SET search_path = pg_catalog, public")
      await a.query("SELECT set_config('application_name', $1, false)", ['first'])
      await b.query("SET TimeZone TO 'America/Lima'")
      await b.query("SET SESSION application_name = 'second'")
      await look()
      await a.query("BEGIN; SET LOCAL work_mem = '9MB'; SET TimeZone = 'Europe/Berlin'")
      seen.push(await value(a, SETTINGS))
      await a.query('COMMIT')
      await look()
      await a.query('BEGIN')
      await a.query("SET TimeZone = 'UTC'")
      await a.query('ROLLBACK')
      await look()
      await a.query("BEGIN; SAVEPOINT s; SET application_name = 'undone'; ROLLBACK TO s")
      await a.query("SET work_mem = '11MB'")
      await a.query('COMMIT')
      await look()
      return seen
    }),

  startup: async () => {
    const a = await connect({ application_name: 'started', options: OPTIONS, lock_timeout: 4321 })
    const b = await connect({ application_name: 'other' })
    try {
      const seen = []
      const look = async () => seen.push(...(await crossing(a, b, (c) => value(c, STARTED))))
      await look()
      for (const c of [a, b]) {
        await c.query("SET application_name = 'changed'; SET statement_timeout = 11111")
        await c.query("SET work_mem = '3MB'")
      }
      await look()
      for (const c of [a, b]) {
        await c.query('RESET application_name')
        await c.query('SET statement_timeout TO DEFAULT')
      }
      await look()
      seen.push(await value(a, 'SHOW lock_timeout'))
      await a.query('RESET ALL')
      await look()
      await b.query('DISCARD ALL')
      await look()
      return seen
    } finally {
      await Promise.all([a.end(), b.end()])
    }
  },

  temp_table: () =>
    sessions(2, async (a, b) => {
      for (const [client, name] of [[a, 'a'], [b, 'b']]) {
        await client.query('CREATE TEMPORARY TABLE scratch (t text)')
        await client.query('INSERT INTO scratch VALUES ($1)', [name])
      }
      for (let run = 0; run < 5; run++) {
        await crossing(a, b, (c) => c.query('INSERT INTO scratch SELECT max(t) FROM scratch'))
      }
      const all = "SELECT string_agg(t, '') FROM scratch"
      return [await value(a, all), await value(b, all)]
    }),

  advisory_lock: () =>
    sessions(2, async (a, b) => {
      const take = 'SELECT pg_try_advisory_lock($1)'
      const give = 'SELECT pg_advisory_unlock($1)'
      await a.query('SELECT pg_advisory_lock($1)', [42])
      const seen = await crossing(a, b, (c) => value(c, c === b ? take : 'SELECT $1::int', [42]))
      for (const [client, text] of [[a, give], [b, take], [a, take], [b, give]]) {
        seen.push(await value(client, text, [42]))
      }
      return seen
    }),

  sql_prepare: () =>
    sessions(2, async (a, b) => {
      await a.query("PREPARE p (int) AS SELECT 'a' || $1")
      await b.query("PREPARE p (int) AS SELECT 'b' || $1 * 2")
      const seen = await crossing(a, b, (c) => value(c, 'EXECUTE p (1)'))
      seen.push(await state(a, 'PREPARE p AS SELECT 1'))
      await a.query('DEALLOCATE p')
      seen.push(await state(a, 'EXECUTE p (3)'), await value(b, 'EXECUTE p (3)'))
      await a.query("PREPARE p AS SELECT 'again'")
      seen.push(await value(a, 'EXECUTE p'))
      await b.query('DEALLOCATE ALL')
      seen.push(await state(b, 'EXECUTE p (4)'), await value(a, 'EXECUTE p'))
      return seen
    }),
}

async function main() {
  const list = readFileSync(path.join(__dirname, '..', 'checks.txt'), 'utf8').split('\n')
  for (const line of list.filter((line) => line && !line.startsWith('#'))) {
    const name = line.split(/\s/)[0]
    let result
    try {
      result = [await checks[name]()].flat().join('; ')
    } catch (error) {
      result = `FAILED ${error.stack}`
    }
    const told = result.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\t', '\\t')
    process.stdout.write(`${name}\t${told}\n`)
  }
}

main()
