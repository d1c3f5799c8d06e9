//! Rows of pinned definitions.

use sqlx::Row as _;

use super::{Store, StoreError};

/// One pinned definition, and the one that wants to take its place.
#[derive(Clone, Debug)]
pub struct PinRow {
    pub upstream: String,
    pub kind: String,
    pub name: String,
    /// `accepted`, `changed` or `poisoned`.
    pub state: String,
    /// Of the accepted definition; empty if none was.
    pub digest: String,
    pub definition: String,
    pub candidate_digest: Option<String>,
    pub candidate: Option<String>,
    /// Why the candidate waits.
    pub reason: Option<String>,
    /// `first-use` or a person.
    pub accepted_by: Option<String>,
    pub changed_at: i64,
}

impl Store {
    /// Pins of one upstream, or of all.
    ///
    /// # Errors
    /// The store failed.
    pub async fn pins(&self, upstream: Option<&str>) -> Result<Vec<PinRow>, StoreError> {
        let query = "SELECT * FROM pins WHERE ?1 IS NULL OR upstream = ?1
                     ORDER BY upstream, kind, name";
        let rows = sqlx::query(query).bind(upstream).fetch_all(&self.pool).await?;
        rows.iter().map(read).collect::<Result<_, _>>().map_err(StoreError::from)
    }

    /// Writes pins whole, all or none.
    ///
    /// # Errors
    /// The store failed.
    pub async fn put_pins(&self, pins: &[PinRow]) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        for pin in pins {
            sqlx::query(
                "INSERT OR REPLACE INTO pins
                 (upstream, kind, name, state, digest, definition, candidate_digest, candidate,
                  reason, accepted_by, changed_at)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )
            .bind(&pin.upstream)
            .bind(&pin.kind)
            .bind(&pin.name)
            .bind(&pin.state)
            .bind(&pin.digest)
            .bind(&pin.definition)
            .bind(&pin.candidate_digest)
            .bind(&pin.candidate)
            .bind(&pin.reason)
            .bind(&pin.accepted_by)
            .bind(pin.changed_at)
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Accepts what waits: of one name, or of a whole upstream. Only a candidate with the digest
    /// that the person saw is taken. Returns the names accepted.
    ///
    /// # Errors
    /// The store failed.
    pub async fn accept_pins(
        &self,
        upstream: &str,
        name: Option<&str>,
        seen: Option<&str>,
        by: &str,
    ) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query(
            "UPDATE pins SET state = 'accepted', digest = candidate_digest,
                 definition = candidate, candidate = NULL, candidate_digest = NULL,
                 reason = NULL, accepted_by = ?4, changed_at = ?5
             WHERE upstream = ?1 AND (?2 IS NULL OR name = ?2)
                 AND (?3 IS NULL OR candidate_digest = ?3) AND candidate IS NOT NULL
             RETURNING name",
        )
        .bind(upstream)
        .bind(name)
        .bind(seen)
        .bind(by)
        .bind(crate::ids::now_ms())
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(|row| row.try_get("name")).collect::<Result<_, _>>().map_err(Into::into)
    }
}

#[cfg(test)]
impl Store {
    /// Takes a pin out, as if it had never been made.
    pub(crate) async fn forget_pin_for_test(&self, upstream: &str, name: &str) {
        let query = sqlx::query("DELETE FROM pins WHERE upstream = ? AND name = ?");
        query.bind(upstream).bind(name).execute(&self.pool).await.expect("deleted");
    }
}

fn read(row: &sqlx::sqlite::SqliteRow) -> Result<PinRow, sqlx::Error> {
    Ok(PinRow {
        upstream: row.try_get("upstream")?,
        kind: row.try_get("kind")?,
        name: row.try_get("name")?,
        state: row.try_get("state")?,
        digest: row.try_get("digest")?,
        definition: row.try_get("definition")?,
        candidate_digest: row.try_get("candidate_digest")?,
        candidate: row.try_get("candidate")?,
        reason: row.try_get("reason")?,
        accepted_by: row.try_get("accepted_by")?,
        changed_at: row.try_get("changed_at")?,
    })
}
