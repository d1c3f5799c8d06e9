//! Opens a login page. The URL comes from a stranger's metadata, so it goes to the opener as one
//! argument, never through a shell, and only if it is a web address.

use std::process::Stdio;

use url::Url;

/// Tries to open `url` in the person's browser. The caller prints the URL in any case, so a
/// machine without a browser loses nothing; returns whether an opener was started.
pub fn open(url: &Url) -> bool {
    if !matches!(url.scheme(), "http" | "https") {
        return false;
    }
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let mut command = tokio::process::Command::new(opener);
    command.arg(url.as_str());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // The runtime reaps the child when it ends.
    command.spawn().is_ok()
}
