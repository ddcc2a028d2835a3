/** One step of the schema. A published step is never edited. */
export interface Step {
  readonly name: string
  readonly up: string
  readonly down: string
}

/** In order; the first one brings a database to schema version 1. They run with the schema `tacit` first in the path. */
export const steps: readonly Step[] = [
  {
    name: 'facts, their projection, vectors, snapshots, counters, what was pruned',
    up: `
      CREATE TABLE meta (key text COLLATE "C" PRIMARY KEY, value text NOT NULL);

      -- One row per project. Whoever appends locks it first, takes the next cursors and times of recording from it, and
      -- keeps it locked until the commit: so cursors have no gaps and become visible in their order.
      CREATE TABLE scope (
        scope text COLLATE "C" PRIMARY KEY,
        cursor bigint NOT NULL CHECK (cursor >= 0),
        recorded_at_us bigint NOT NULL CHECK (recorded_at_us >= 0),
        -- Facts added and removed so far: grows with every change of the log.
        changes bigint NOT NULL
      ) WITH (fillfactor = 25, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

      -- The log. Only ever appended to. Arrival order is the cursor; canonical order is (recorded_at_us, id). The lock
      -- on the scope makes (scope, id) unique across partitions.
      CREATE TABLE fact (
        scope text COLLATE "C" NOT NULL,
        cursor bigint NOT NULL CHECK (cursor > 0),
        id text COLLATE "C" NOT NULL,
        kind text COLLATE "C" NOT NULL CHECK (kind IN ('decision', 'step', 'outcome', 'feedback')),
        execution_id text COLLATE "C" NOT NULL CHECK (kind <> 'decision' OR id = execution_id),
        at_us bigint NOT NULL CHECK (at_us >= 0),
        recorded_at_us bigint NOT NULL CHECK (recorded_at_us >= 0),
        origin text COLLATE "C" NOT NULL,
        body text COLLATE "C" NOT NULL,
        PRIMARY KEY (scope, id, recorded_at_us)
      ) PARTITION BY RANGE (recorded_at_us);
      CREATE INDEX fact_by_arrival ON fact (scope, cursor);
      CREATE INDEX fact_by_record_time ON fact (scope, recorded_at_us);
      -- Also covers the counts of a scope.
      CREATE INDEX fact_by_execution ON fact (scope, execution_id, kind, at_us);
      CREATE TABLE fact_default PARTITION OF fact DEFAULT;

      -- Makes the monthly partitions from the month of from_us on; facts of these months that the default partition
      -- took in move over. Returns how many are new.
      CREATE FUNCTION make_fact_partitions(from_us bigint, months integer) RETURNS integer LANGUAGE plpgsql AS $$
      DECLARE
        starts timestamp := date_trunc('month', to_timestamp(from_us / 1e6) AT TIME ZONE 'UTC');
        first_us bigint;
        end_us bigint;
        partition text;
        made integer := 0;
      BEGIN
        PERFORM pg_advisory_xact_lock(hashtext('tacit.make_fact_partitions'));
        FOR i IN 1..months LOOP
          first_us := extract(epoch FROM starts AT TIME ZONE 'UTC')::bigint * 1000000;
          end_us := extract(epoch FROM (starts + interval '1 month') AT TIME ZONE 'UTC')::bigint * 1000000;
          partition := 'fact_' || to_char(starts, 'YYYY_MM');
          IF NOT EXISTS (
            SELECT FROM pg_class WHERE relnamespace = 'tacit'::regnamespace AND relname = partition
          ) THEN
            EXECUTE format('CREATE TABLE tacit.%I (LIKE tacit.fact INCLUDING ALL)', partition);
            EXECUTE format(
              'WITH moved AS (DELETE FROM tacit.fact_default WHERE recorded_at_us >= %L AND recorded_at_us < %L RETURNING *) '
              'INSERT INTO tacit.%I SELECT * FROM moved', first_us, end_us, partition);
            EXECUTE format('ALTER TABLE tacit.fact ATTACH PARTITION tacit.%I FOR VALUES FROM (%L) TO (%L)',
              partition, first_us, end_us);
            made := made + 1;
          END IF;
          starts := starts + interval '1 month';
        END LOOP;
        RETURN made;
      END $$;

      -- One row per execution, computed from its facts in the same transaction (projection.ts).
      CREATE TABLE execution (
        scope text COLLATE "C" NOT NULL,
        id text COLLATE "C" NOT NULL,
        -- Cursor of its first fact.
        seq bigint NOT NULL,
        decided_at_us bigint,
        task_type text COLLATE "C",
        repository text COLLATE "C",
        arm text COLLATE "C",
        chosen_arm text COLLATE "C",
        propensity double precision CHECK (propensity BETWEEN 0 AND 1),
        stage text COLLATE "C",
        outcome_at_us bigint,
        success boolean,
        quality double precision CHECK (quality BETWEEN 0 AND 1),
        duration_ms double precision CHECK (duration_ms >= 0),
        cost_micro_usd bigint CHECK (cost_micro_usd >= 0),
        error_type text COLLATE "C",
        rating_sum_nano bigint NOT NULL CHECK (rating_sum_nano >= 0),
        rating_count bigint NOT NULL CHECK (rating_count >= 0),
        outcome_arm text COLLATE "C",
        outcome_id text COLLATE "C",
        outcome_recorded_at_us bigint,
        -- As a JSON string, so that any text comes back exactly.
        task_json text COLLATE "C",
        PRIMARY KEY (scope, id)
      ) WITH (fillfactor = 90);
      CREATE INDEX execution_by_time ON execution (scope, decided_at_us DESC NULLS LAST, seq DESC);

      -- Ids of facts that were pruned, and the place that each had in the order of arrival.
      CREATE TABLE pruned (
        scope text COLLATE "C" NOT NULL,
        id text COLLATE "C" NOT NULL,
        kind text COLLATE "C" NOT NULL,
        execution_id text COLLATE "C" NOT NULL,
        cursor bigint NOT NULL,
        PRIMARY KEY (scope, id)
      );
      CREATE INDEX pruned_by_cursor ON pruned (scope, cursor);

      -- Named so because pgvector's own type is "vector".
      CREATE TABLE task_vector (
        scope text COLLATE "C" NOT NULL,
        embedder text COLLATE "C" NOT NULL,
        execution_id text COLLATE "C" NOT NULL,
        dimension integer NOT NULL CHECK (dimension > 0 AND dimension = vector_dims(embedding)),
        embedding vector NOT NULL,
        PRIMARY KEY (scope, embedder, execution_id)
      );
      CREATE INDEX vector_by_execution ON task_vector (scope, execution_id);

      CREATE TABLE snapshot (
        scope text COLLATE "C" NOT NULL,
        name text COLLATE "C" NOT NULL,
        cursor bigint NOT NULL CHECK (cursor >= 0),
        recorded_at_us bigint NOT NULL,
        fact_id text COLLATE "C" NOT NULL,
        bytes bytea NOT NULL,
        PRIMARY KEY (scope, name)
      );

      CREATE TABLE counter (
        scope text COLLATE "C" NOT NULL,
        name text COLLATE "C" NOT NULL,
        value bigint NOT NULL,
        PRIMARY KEY (scope, name)
      );

      -- The index of one embedder's vectors, by which nearest_vectors finds it again.
      CREATE FUNCTION near_index(embedder text, dimension integer) RETURNS text LANGUAGE sql IMMUTABLE AS
        $$ SELECT 'near_' || left(md5(embedder || '/' || dimension), 20) $$;

      CREATE FUNCTION near_index_ddl(embedder text, dimension integer) RETURNS text LANGUAGE sql IMMUTABLE AS $$
        SELECT format(
          'CREATE INDEX CONCURRENTLY %I ON tacit.task_vector USING hnsw ((l2_normalize(embedding)::halfvec(%s)) halfvec_cosine_ops) '
          'WHERE embedder = %L AND dimension = %s', tacit.near_index(embedder, dimension), dimension, embedder, dimension)
      $$;

      -- The vectors of a scope and embedder nearest to query by angle, nearest first: by the index if there is one, else
      -- exactly. A vector of length zero counts as being at a right angle to all; an index does not hold it.
      CREATE FUNCTION nearest_vectors(
        scope_ text, embedder_ text, query vector, is_exact boolean, count_ bigint,
        task_type_ text, arm_ text, repository_ text, since_us bigint, until_us bigint, with_outcome boolean
      ) RETURNS TABLE (execution_id text, embedding vector) LANGUAGE plpgsql AS $$
      DECLARE
        dimension_ integer := vector_dims(query);
        distance text := 'coalesce(nullif(l2_normalize(v.embedding) <=> l2_normalize($3), ''NaN''), 1)';
        condition text := '';
      BEGIN
        IF NOT is_exact AND EXISTS (
          SELECT FROM pg_catalog.pg_index i
          WHERE i.indexrelid = to_regclass(format('tacit.%I', tacit.near_index(embedder_, dimension_))) AND i.indisvalid
        ) THEN
          PERFORM set_config('hnsw.iterative_scan', 'relaxed_order', true), set_config('hnsw.ef_search', '200', true);
          distance := format('l2_normalize(v.embedding)::halfvec(%1$s) <=> l2_normalize($3)::halfvec(%1$s)', dimension_);
        END IF;
        IF task_type_ IS NOT NULL THEN condition := condition || ' AND e.task_type = $5'; END IF;
        IF arm_ IS NOT NULL THEN condition := condition || ' AND e.arm = $6'; END IF;
        IF repository_ IS NOT NULL THEN condition := condition || ' AND e.repository = $7'; END IF;
        IF since_us IS NOT NULL THEN condition := condition || ' AND e.decided_at_us >= $8'; END IF;
        IF until_us IS NOT NULL THEN condition := condition || ' AND e.decided_at_us <= $9'; END IF;
        IF with_outcome IS NOT NULL THEN condition := condition || ' AND (e.outcome_at_us IS NOT NULL) = $10'; END IF;
        IF condition <> '' THEN
          -- OFFSET 0 keeps it a look-up by key per vector; joined before there are statistics, it can take a hundred times longer.
          condition := ' AND EXISTS (SELECT FROM tacit.execution e WHERE e.scope = $1 AND e.id = v.execution_id' || condition || ' OFFSET 0)';
        END IF;
        RETURN QUERY EXECUTE format(
          'SELECT v.execution_id, v.embedding FROM tacit.task_vector v '
          'WHERE v.scope = $1 AND v.embedder = $2 AND v.dimension = %s%s ORDER BY %s LIMIT $4', dimension_, condition, distance)
          USING scope_, embedder_, query, count_, task_type_, arm_, repository_, since_us, until_us, with_outcome;
      END $$;`,
    down: `
      DROP FUNCTION nearest_vectors, near_index_ddl, near_index, make_fact_partitions;
      DROP TABLE counter, snapshot, task_vector, pruned, execution, fact, scope, meta;`,
  },
  {
    name: 'sums folded from the log',
    up: `
      CREATE TABLE rollup (
        scope text COLLATE "C" NOT NULL,
        name text COLLATE "C" NOT NULL,
        cursor bigint NOT NULL CHECK (cursor >= 0),
        PRIMARY KEY (scope, name)
      );

      -- A key may be long, so a digest of it stands in the index.
      CREATE TABLE rollup_cell (
        scope text COLLATE "C" NOT NULL,
        name text COLLATE "C" NOT NULL,
        period text COLLATE "C" NOT NULL,
        start_us bigint NOT NULL,
        key_digest text COLLATE "C" NOT NULL,
        key text COLLATE "C" NOT NULL,
        value text COLLATE "C" NOT NULL,
        PRIMARY KEY (scope, name, period, start_us, key_digest)
      );`,
    down: 'DROP TABLE rollup_cell, rollup;',
  },
]
