//! Where new bundles come from: a folder, or an https address.

use std::path::{Path, PathBuf};

use axum::http::{Request, StatusCode, Uri};
use bytes::Bytes;

use super::{BYTES_MAX, BundleError, EXTENSION};
use crate::net::{Client, Guard, Limits};

/// Bundle files of a folder that are looked at, the newest names last.
const CANDIDATES_MAX: usize = 64;

/// A place that bundles come from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum From {
    /// Every `*.bundle` in it.
    Folder(PathBuf),
    /// One bundle, or the newest one of a server.
    Address(String),
}

impl From {
    /// An address if it has a scheme, else a folder.
    pub fn parse(text: &str) -> Self {
        match text.contains("://") {
            true => Self::Address(text.to_owned()),
            false => Self::Folder(PathBuf::from(text)),
        }
    }

    /// What is offered there now. Which of it may be taken is not decided here.
    ///
    /// # Errors
    /// [`BundleError::Pull`] with the reason.
    pub async fn offered(&self) -> Result<Vec<Vec<u8>>, BundleError> {
        match self {
            Self::Folder(folder) => read_folder(folder).map_err(|reason| BundleError::Pull {
                from: folder.display().to_string(),
                reason: reason.to_string(),
            }),
            Self::Address(address) => fetch(address).await.map(|bytes| vec![bytes]),
        }
    }
}

fn read_folder(folder: &Path) -> std::io::Result<Vec<Vec<u8>>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == EXTENSION) {
            paths.push(path);
        }
    }
    paths.sort();
    let newest = paths.split_off(paths.len().saturating_sub(CANDIDATES_MAX));
    let fits =
        |path: &PathBuf| std::fs::metadata(path).is_ok_and(|file| file.len() <= BYTES_MAX as u64);
    newest.iter().filter(|path| fits(path)).map(std::fs::read).collect()
}

async fn fetch(address: &str) -> Result<Vec<u8>, BundleError> {
    let from = host(address);
    let failed = |reason: String| BundleError::Pull { from: from.clone(), reason };
    let uri: Uri = address.parse().map_err(|_| failed("it is no address".to_owned()))?;
    let limits = Limits { body_bytes_max: BYTES_MAX, ..Limits::default() };
    let client = Client::new(Guard::new([from.as_str()]), limits)
        .map_err(|error| failed(error.to_string()))?;
    let request = Request::get(uri).body(Bytes::new());
    let request = request.map_err(|error| failed(error.to_string()))?;
    let answer = client.send(request).await.map_err(|error| failed(error.to_string()))?;
    match answer.status() {
        StatusCode::OK => Ok(answer.into_body().to_vec()),
        status => Err(failed(format!("it answers with status {status}"))),
    }
}

/// The host alone: an address may hold a secret.
fn host(address: &str) -> String {
    let uri = address.parse::<Uri>().ok();
    uri.and_then(|uri| Some(uri.host()?.to_owned())).unwrap_or_else(|| "the address".to_owned())
}
