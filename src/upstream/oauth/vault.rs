//! Tokens on disk: AES-256-GCM with a key in a file of its own, bound to the upstream's name, its
//! URL and the issuer, so that a record put in another's place opens nothing. It keeps tokens out
//! of backups and greps; against a process of the same user only the system's rights help.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rmcp::transport::auth::{
    AuthError, CredentialRefreshGuard, CredentialStore, StoredCredentials,
};
use serde::{Deserialize, Serialize};

use super::client::RegisteredClient;
use super::{OauthError, Target};

/// Bytes of a record or key file.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// How long one gateway waits for another that refreshes the same record.
const LOCK_WAIT: Duration = Duration::from_secs(20);

/// Why stored tokens cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
pub enum VaultError {
    #[error("the token store `{path}` cannot be used: {kind}", path = .path.display())]
    Io { path: PathBuf, kind: io::ErrorKind },
    #[error("`{path}` may be read by others; `chmod 600 {path}`", path = .path.display())]
    Exposed { path: PathBuf },
    #[error(
        "`{path}` was changed, or belongs to another key, upstream or URL; log in again",
        path = .path.display()
    )]
    Tampered { path: PathBuf },
    #[error("another process holds `{path}`", path = .path.display())]
    Locked { path: PathBuf },
}

/// What a login leaves behind.
#[derive(Deserialize, Serialize)]
pub(super) struct Record {
    pub(super) client: RegisteredClient,
    pub(super) credentials: StoredCredentials,
}

impl fmt::Debug for Record {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Record").field("client", &self.client).finish_non_exhaustive()
    }
}

/// The file as it lies on disk.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    version: u32,
    issuer: String,
    nonce: String,
    sealed: String,
}

/// The record of one upstream.
#[derive(Clone, Debug)]
pub(super) struct Vault {
    folder: PathBuf,
    name: String,
    resource: String,
}

impl Vault {
    pub(super) fn new(target: &Target) -> Result<Self, OauthError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        let name = target.name.clone();
        if name.is_empty() || name.len() > 64 || !name.bytes().all(allowed) {
            return Err(OauthError::Name(name));
        }
        let folder = target.state_dir.join("oauth");
        Ok(Self { folder, name, resource: target.url.to_string() })
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.join(format!("{}.json", self.name))
    }

    pub(super) fn read(&self) -> Result<Option<Record>, VaultError> {
        let path = self.path();
        let Some(bytes) = read(&path)? else { return Ok(None) };
        self.open(&bytes).map(Some).ok_or(VaultError::Tampered { path })
    }

    fn open(&self, bytes: &[u8]) -> Option<Record> {
        let file: Sealed = serde_json::from_slice(bytes).ok()?;
        let nonce: [u8; NONCE_LEN] = BASE64_STANDARD.decode(&file.nonce).ok()?.try_into().ok()?;
        let mut sealed = BASE64_STANDARD.decode(&file.sealed).ok()?;
        let key = self.key().ok()?;
        let bound = Aad::from(self.bound_to(&file.issuer));
        let plain = key.open_in_place(Nonce::assume_unique_for_key(nonce), bound, &mut sealed);
        let record: Option<Record> = serde_json::from_slice(plain.ok()?).ok();
        sealed.fill(0);
        let record = record.filter(|_| file.version == 1)?;
        (record.credentials.issuer.as_deref() == Some(&file.issuer)).then_some(record)
    }

    pub(super) fn write(&self, record: &Record) -> Result<(), VaultError> {
        let path = self.path();
        let failed = |kind| VaultError::Io { path: path.clone(), kind };
        let invalid = || failed(io::ErrorKind::InvalidData);
        let issuer = record.credentials.issuer.clone().ok_or_else(invalid)?;
        let key = self.key()?;
        let mut bytes = serde_json::to_vec(record).map_err(|_| invalid())?;
        let bound = Aad::from(self.bound_to(&issuer));
        let nonce = key.seal_in_place_append_tag(bound, &mut bytes).map_err(|_| invalid())?;
        let sealed = BASE64_STANDARD.encode(&bytes);
        let nonce = BASE64_STANDARD.encode(nonce.as_ref());
        let file = Sealed { version: 1, issuer, nonce, sealed };
        let bytes = serde_json::to_vec(&file).map_err(|_| invalid())?;
        let fresh = self.write_aside(&bytes)?;
        fs::rename(&fresh, &path).map_err(|error| failed(error.kind()))
    }

    pub(super) fn clear(&self) -> Result<(), VaultError> {
        let path = self.path();
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(VaultError::Io { path, kind: error.kind() })
            }
            _ => Ok(()),
        }
    }

    /// Lengths go before the parts, so that no two bindings share a form.
    fn bound_to(&self, issuer: &str) -> Vec<u8> {
        let mut bound = b"bartizan upstream oauth 1".to_vec();
        for part in [&self.name, &self.resource, issuer] {
            bound.extend((part.len() as u64).to_be_bytes());
            bound.extend(part.as_bytes());
        }
        bound
    }

    /// The key, made if there is none. Whoever loses the race to make it takes the winner's.
    fn key(&self) -> Result<RandomizedNonceKey, VaultError> {
        let path = self.folder.join("key");
        let failed = |kind| VaultError::Io { path: path.clone(), kind };
        let mut bytes = match read(&path)? {
            Some(bytes) => bytes,
            None => {
                let mut fresh = [0; 32];
                aws_lc_rs::rand::fill(&mut fresh).map_err(|_| failed(io::ErrorKind::Other))?;
                let aside = self.write_aside(&fresh)?;
                fresh.fill(0);
                let linked = fs::hard_link(&aside, &path);
                fs::remove_file(&aside).map_err(|error| failed(error.kind()))?;
                match linked {
                    Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                        return Err(failed(error.kind()));
                    }
                    _ => read(&path)?.unwrap_or_default(),
                }
            }
        };
        let key = RandomizedNonceKey::new(&AES_256_GCM, &bytes);
        bytes.fill(0);
        key.map_err(|_| failed(io::ErrorKind::InvalidData))
    }

    /// Writes a file of a random name, for its owner alone, and flushes it.
    fn write_aside(&self, bytes: &[u8]) -> Result<PathBuf, VaultError> {
        let mut random = [0; 8];
        let filled = aws_lc_rs::rand::fill(&mut random);
        let path = self.folder.join(format!(".{:016x}", u64::from_be_bytes(random)));
        let failed = |kind| VaultError::Io { path: path.clone(), kind };
        filled.map_err(|_| failed(io::ErrorKind::Other))?;
        self.make_folder().map_err(|error| failed(error.kind()))?;
        let written = create(&path).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        });
        written.map_err(|error| failed(error.kind()))?;
        Ok(path)
    }

    fn make_folder(&self) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)
    }

    /// Held by the one process that refreshes this record.
    fn lock(&self) -> Result<File, VaultError> {
        let path = self.folder.join(format!("{}.lock", self.name));
        let failed = |error: io::Error| VaultError::Io { path: path.clone(), kind: error.kind() };
        self.make_folder().map_err(failed)?;
        let mut options = OpenOptions::new();
        let options = options.write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(&path).map_err(failed)?;
        let until = Instant::now() + LOCK_WAIT;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(fs::TryLockError::WouldBlock) if Instant::now() < until => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(fs::TryLockError::WouldBlock) => return Err(VaultError::Locked { path }),
                Err(fs::TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
    }
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// A file for its owner alone, or `None` if there is none.
fn read(path: &Path) -> Result<Option<Vec<u8>>, VaultError> {
    let failed = |kind| VaultError::Io { path: path.to_owned(), kind };
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(|error| failed(error.kind()))?,
    };
    let metadata = file.metadata().map_err(|error| failed(error.kind()))?;
    if metadata.mode() & 0o077 != 0 {
        return Err(VaultError::Exposed { path: path.to_owned() });
    }
    let mut bytes = Vec::new();
    let read = file.take(FILE_BYTES_MAX).read_to_end(&mut bytes);
    read.map_err(|error| failed(error.kind()))?;
    Ok(Some(bytes))
}

/// The vault as rmcp knows it: it keeps the credentials, the client stands fast.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) vault: Vault,
    pub(super) client: RegisteredClient,
}

/// Runs file work where it may block.
pub(super) async fn blocking<T: Send + 'static>(
    vault: &Vault,
    work: impl FnOnce(&Vault) -> Result<T, VaultError> + Send + 'static,
) -> Result<T, VaultError> {
    let vault = Arc::new(vault.clone());
    let path = vault.path();
    let done = tokio::task::spawn_blocking(move || work(&vault)).await;
    done.unwrap_or(Err(VaultError::Io { path, kind: io::ErrorKind::Other }))
}

fn store_error(error: &VaultError) -> AuthError {
    AuthError::CredentialStoreError(error.to_string())
}

#[async_trait::async_trait]
impl CredentialStore for Store {
    async fn load(&self) -> Result<Option<StoredCredentials>, AuthError> {
        let record =
            blocking(&self.vault, Vault::read).await.map_err(|error| store_error(&error))?;
        Ok(record.map(|record| record.credentials))
    }

    async fn save(&self, credentials: StoredCredentials) -> Result<(), AuthError> {
        let record = Record { client: self.client.clone(), credentials };
        blocking(&self.vault, move |vault| vault.write(&record))
            .await
            .map_err(|error| store_error(&error))
    }

    async fn clear(&self) -> Result<(), AuthError> {
        blocking(&self.vault, Vault::clear).await.map_err(|error| store_error(&error))
    }

    /// A refused refresh token is of no more use; without it nobody asks again in vain. The guard
    /// is held, so the record is still the one that was refused.
    async fn on_refresh_token_rejected(&self, _: &StoredCredentials) -> Result<(), AuthError> {
        self.clear().await
    }

    async fn acquire_refresh_guard(&self) -> Result<Option<CredentialRefreshGuard>, AuthError> {
        let file = blocking(&self.vault, Vault::lock).await.map_err(|error| store_error(&error))?;
        Ok(Some(CredentialRefreshGuard::new(file)))
    }
}
