//! Everything that outlives the process, behind one handle: SQLite, embedded. Deals in rows of
//! its own; the doors turn them into their types. Times are integer milliseconds.

pub mod approvals;
pub mod findings;
pub mod pins;
pub mod rules;
pub mod secrets;
pub mod taint;
pub mod withheld;

use std::path::{Path, PathBuf};

use sqlx::{
    Connection as _, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

/// The store failed, or cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("another gateway uses `{}`: stop it, or give this one its own `data_dir`", .0.display())]
    InUse(PathBuf),
    #[error("cannot use `{}`: {source}", path.display())]
    Folder { path: PathBuf, source: std::io::Error },
    #[error("the store failed: {0}")]
    Database(#[from] sqlx::Error),
    #[error("the store was written by a newer version ({found}, this one knows {known})")]
    Newer { found: i64, known: i64 },
}

/// The open store. Only one process holds it at a time.
#[derive(Debug)]
pub struct Store {
    pool: SqlitePool,
    /// For what every result may write: it survives the process's end, as the journal does by
    /// default, and not a power cut.
    quick: SqlitePool,
    folder: PathBuf,
    _lock: std::fs::File,
}

/// Statements per schema version; each list runs once, in one transaction.
const MIGRATIONS: &[&[&str]] = &[
    &[
        "CREATE TABLE pins (
        upstream TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
        state TEXT NOT NULL, digest TEXT NOT NULL, definition TEXT NOT NULL,
        candidate_digest TEXT, candidate TEXT, reason TEXT,
        accepted_by TEXT, changed_at INTEGER NOT NULL,
        PRIMARY KEY (upstream, kind, name))",
        "CREATE TABLE approvals (
        id TEXT PRIMARY KEY, state TEXT NOT NULL, lookup BLOB NOT NULL,
        principal TEXT NOT NULL, client TEXT NOT NULL, run TEXT,
        upstream TEXT NOT NULL, tool TEXT NOT NULL, definition_digest TEXT NOT NULL,
        arguments TEXT NOT NULL, arguments_digest TEXT NOT NULL, reasons TEXT NOT NULL,
        policy_digest TEXT NOT NULL, ruleset_digest TEXT NOT NULL,
        created INTEGER NOT NULL, expires INTEGER NOT NULL,
        decided_by TEXT, decided_at INTEGER, proven INTEGER, note TEXT,
        consumed_at INTEGER, outcome TEXT)",
        "CREATE INDEX approvals_lookup ON approvals (lookup, created)",
        "CREATE INDEX approvals_state ON approvals (state, expires)",
        "CREATE INDEX approvals_principal ON approvals (principal, state, expires)",
    ],
    // What was held before is bound to no server: it is never found again, and expires.
    &["ALTER TABLE approvals ADD COLUMN route_digest TEXT NOT NULL DEFAULT ''"],
    &[
        "CREATE TABLE runs (
        id TEXT PRIMARY KEY, party BLOB NOT NULL, principal TEXT NOT NULL, name TEXT,
        started INTEGER NOT NULL, last INTEGER NOT NULL, ended INTEGER, ended_by TEXT)",
        "CREATE UNIQUE INDEX runs_live ON runs (party) WHERE ended IS NULL",
        "CREATE TABLE taints (
        run TEXT NOT NULL, sequence INTEGER NOT NULL, body TEXT NOT NULL,
        tokens BLOB NOT NULL, prints BLOB NOT NULL, orders BLOB NOT NULL,
        PRIMARY KEY (run, sequence)) WITHOUT ROWID",
    ],
    &[
        "CREATE TABLE withheld (
        reference TEXT PRIMARY KEY, lookup BLOB NOT NULL, state TEXT NOT NULL,
        principal TEXT NOT NULL, client TEXT NOT NULL, run TEXT,
        method TEXT NOT NULL, upstream TEXT NOT NULL, target TEXT NOT NULL,
        why TEXT NOT NULL, rules TEXT NOT NULL, digest TEXT NOT NULL,
        releasable INTEGER NOT NULL, sealed BLOB NOT NULL,
        created INTEGER NOT NULL, expires INTEGER NOT NULL,
        released_by TEXT, released_at INTEGER, proven INTEGER, retry_until INTEGER,
        taken_at INTEGER)",
        "CREATE INDEX withheld_lookup ON withheld (lookup, state)",
        "CREATE INDEX withheld_created ON withheld (created)",
        "CREATE TABLE triage (
        reference TEXT NOT NULL, rule TEXT NOT NULL, state TEXT NOT NULL,
        note TEXT, owner TEXT, by TEXT NOT NULL, at INTEGER NOT NULL,
        PRIMARY KEY (reference, rule))",
        "CREATE INDEX triage_rule ON triage (rule, state)",
    ],
    rules::TABLES,
];

impl Store {
    /// Opens the store in `folder`, makes it if it is missing, and brings its tables up to date.
    ///
    /// # Errors
    /// Another process holds it, or it cannot be read or written.
    pub async fn open(folder: &Path) -> Result<Self, StoreError> {
        let lock = lock(folder)?;
        keep_private(folder)?;
        let options = SqliteConnectOptions::new()
            .filename(folder.join("bartizan.db"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A power cut must not give an approval back that was spent.
            .synchronous(SqliteSynchronous::Full)
            // What was kept for a time is gone after it, and not only unlisted.
            .pragma("secure_delete", "ON")
            .busy_timeout(std::time::Duration::from_secs(5));
        migrate(&options).await?;
        let quick = options.clone().synchronous(SqliteSynchronous::Normal);
        let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options).await?;
        let quick = SqlitePoolOptions::new().max_connections(2).connect_with(quick).await?;
        Ok(Self { pool, quick, folder: folder.to_owned(), _lock: lock })
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

/// Runs the statements that are missing, on a connection of its own: one that was open before a
/// column was added still counts the old columns.
async fn migrate(options: &SqliteConnectOptions) -> Result<(), StoreError> {
    let mut connection = SqliteConnection::connect_with(options).await?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let found: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut connection).await?;
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    let done = usize::try_from(found).unwrap_or(0);
    for (version, statements) in MIGRATIONS.iter().enumerate().skip(done) {
        let mut transaction = connection.begin().await?;
        for statement in *statements {
            sqlx::query(*statement).execute(&mut *transaction).await?;
        }
        // A pragma takes no parameter; the number is ours.
        let stamp = format!("PRAGMA user_version = {}", version + 1);
        sqlx::query(sqlx::AssertSqlSafe(stamp)).execute(&mut *transaction).await?;
        transaction.commit().await?;
    }
    connection.close().await?;
    Ok(())
}

/// Held calls stand in the store in plain: nobody else may read it, whoever made the folder.
fn keep_private(folder: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    let failed = |source| StoreError::Folder { path: folder.to_owned(), source };
    let private =
        |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode));
    private(folder, 0o700).map_err(failed)?;
    let database = folder.join("bartizan.db");
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true).mode(0o600).open(&database).map_err(failed)?;
    private(&database, 0o600).map_err(failed)
}

/// Makes the folder for the owner alone and takes its lock, which ends with the process.
fn lock(folder: &Path) -> Result<std::fs::File, StoreError> {
    use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
    let failed = |source| StoreError::Folder { path: folder.to_owned(), source };
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    let mut options = std::fs::OpenOptions::new();
    let file = options.write(true).create(true).truncate(false).mode(0o600);
    let file = file.open(folder.join("lock")).map_err(failed)?;
    match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(StoreError::InUse(folder.to_owned())),
        Err(error) => Err(failed(error.into())),
    }
}

#[cfg(test)]
mod tests {
    use sqlx::{SqlitePool, sqlite::SqliteConnectOptions};

    use super::{MIGRATIONS, Store, StoreError};

    #[tokio::test]
    async fn a_second_gateway_on_one_store_is_refused() {
        let folder = tempfile::tempdir().expect("folder");
        let first = Store::open(folder.path()).await.expect("first");
        let second = Store::open(folder.path()).await;
        assert!(matches!(second, Err(StoreError::InUse(_))), "{second:?}");
        drop(first);
        Store::open(folder.path()).await.expect("after the first ended");
    }

    #[tokio::test]
    async fn a_store_of_the_first_version_is_brought_up_to_date() {
        let folder = tempfile::tempdir().expect("folder");
        let options = SqliteConnectOptions::new()
            .filename(folder.path().join("bartizan.db"))
            .create_if_missing(true);
        let pool = SqlitePool::connect_with(options).await.expect("a database");
        for statement in MIGRATIONS[0] {
            sqlx::query(*statement).execute(&pool).await.expect("a table");
        }
        let held = "INSERT INTO approvals VALUES ('apr_1', 'pending', x'00', 'p', 'c', NULL, 'u',
            't', 'd', '{}', 'a', 'r', 'p', 'r', 1, 2, NULL, NULL, NULL, NULL, NULL, NULL)";
        sqlx::query(held).execute(&pool).await.expect("a row");
        sqlx::query("PRAGMA user_version = 1").execute(&pool).await.expect("stamped");
        pool.close().await;
        let store = Store::open(folder.path()).await.expect("it opens");
        let row = store.approval("apr_1").await.expect("read").expect("it is still there");
        assert_eq!((row.definition_digest.as_str(), row.route_digest.as_str()), ("d", ""));
    }
}
