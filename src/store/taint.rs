//! Rows of runs and of what they read. Digests and names alone; never a text.

use sqlx::{Row as _, SqliteConnection};

use super::{Store, StoreError};

/// A run as it is kept.
#[derive(Clone, Debug, serde::Serialize)]
pub struct RunRow {
    pub id: String,
    /// Whose run it is, as a keyed digest of principal and run name.
    #[serde(skip)]
    pub party: Vec<u8>,
    pub principal: String,
    /// The name that an authenticated source gave it, if one did.
    pub name: Option<String>,
    pub started: i64,
    pub last: i64,
}

/// One thing that a run read, or that a person granted it.
#[derive(Clone, Debug)]
pub struct TaintRow {
    pub run: RunRow,
    pub sequence: i64,
    /// JSON.
    pub body: String,
    pub tokens: Vec<u8>,
    pub prints: Vec<u8>,
    pub orders: Vec<u8>,
}

impl Store {
    /// Keeps what runs read: all of it or none. `synced`: it outlives a power cut too.
    ///
    /// # Errors
    /// The store failed: what was read must not reach an agent.
    pub async fn keep_taint(&self, rows: &[TaintRow], synced: bool) -> Result<(), StoreError> {
        let pool = if synced { &self.pool } else { &self.quick };
        let mut transaction = pool.begin().await?;
        for row in rows {
            keep(&mut transaction, row).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// The run of this party that has not ended.
    ///
    /// # Errors
    /// The store failed.
    pub async fn live_run(&self, party: &[u8]) -> Result<Option<RunRow>, StoreError> {
        let query = sqlx::query("SELECT * FROM runs WHERE party = ? AND ended IS NULL");
        let row = query.bind(party).fetch_optional(&self.quick).await?;
        Ok(row.as_ref().map(read_run).transpose()?)
    }

    /// What a run read, in its order: sequence, body, tokens, prints, orders.
    ///
    /// # Errors
    /// The store failed.
    pub async fn taint_of(&self, run: &RunRow) -> Result<Vec<TaintRow>, StoreError> {
        let query = sqlx::query("SELECT * FROM taints WHERE run = ? ORDER BY sequence");
        let rows = query.bind(&run.id).fetch_all(&self.quick).await?;
        let read = |row: &sqlx::sqlite::SqliteRow| {
            Ok(TaintRow {
                run: run.clone(),
                sequence: row.try_get("sequence")?,
                body: row.try_get("body")?,
                tokens: row.try_get("tokens")?,
                prints: row.try_get("prints")?,
                orders: row.try_get("orders")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Runs that read something and have not ended, the latest first.
    ///
    /// # Errors
    /// The store failed.
    pub async fn live_runs(&self, limit: i64) -> Result<Vec<RunRow>, StoreError> {
        let query =
            sqlx::query("SELECT * FROM runs WHERE ended IS NULL ORDER BY last DESC LIMIT ?");
        let rows = query.bind(limit).fetch_all(&self.quick).await?;
        rows.iter().map(read_run).collect::<Result<_, _>>().map_err(StoreError::from)
    }

    /// Ends a run. `false`: there is none of this name, or it has ended.
    ///
    /// # Errors
    /// The store failed; the run goes on.
    pub async fn end_run(&self, id: &str, by: &str, now: i64) -> Result<bool, StoreError> {
        let query = sqlx::query(
            "UPDATE runs SET ended = ?3, ended_by = ?2 WHERE id = ?1 AND ended IS NULL",
        );
        let done = query.bind(id).bind(by).bind(now).execute(&self.quick).await?;
        Ok(done.rows_affected() == 1)
    }

    /// Forgets runs that did nothing since `before`.
    ///
    /// # Errors
    /// The store failed.
    pub async fn forget_runs(&self, before: i64) -> Result<(), StoreError> {
        let mut transaction = self.quick.begin().await?;
        let taints = "DELETE FROM taints WHERE run IN (SELECT id FROM runs WHERE last < ?)";
        sqlx::query(taints).bind(before).execute(&mut *transaction).await?;
        sqlx::query("DELETE FROM runs WHERE last < ?")
            .bind(before)
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }
}

async fn keep(connection: &mut SqliteConnection, row: &TaintRow) -> Result<(), StoreError> {
    let run = &row.run;
    sqlx::query(
        "INSERT INTO runs (id, party, principal, name, started, last) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET last = MAX(last, excluded.last)",
    )
    .bind(&run.id)
    .bind(&run.party)
    .bind(&run.principal)
    .bind(&run.name)
    .bind(run.started)
    .bind(run.last)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "INSERT INTO taints (run, sequence, body, tokens, prints, orders) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(&run.id)
    .bind(row.sequence)
    .bind(&row.body)
    .bind(&row.tokens)
    .bind(&row.prints)
    .bind(&row.orders)
    .execute(&mut *connection)
    .await?;
    Ok(())
}

fn read_run(row: &sqlx::sqlite::SqliteRow) -> Result<RunRow, sqlx::Error> {
    Ok(RunRow {
        id: row.try_get("id")?,
        party: row.try_get("party")?,
        principal: row.try_get("principal")?,
        name: row.try_get("name")?,
        started: row.try_get("started")?,
        last: row.try_get("last")?,
    })
}
