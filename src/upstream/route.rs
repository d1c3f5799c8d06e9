//! How a server is reached, as far as that decides which server it is: the words of its command
//! and its folder, or its address. Credentials and the environment are left out, so that a rotated
//! token is no new server.

use std::{path::Path, sync::Arc};

use crate::{
    config::{secret::looks_like_secret, text::Text},
    mcp::{Json, Object},
};

/// The way to one server, fit to be kept and shown.
#[derive(Clone, Debug)]
pub struct Route {
    definition: Json,
    digest: Arc<str>,
}

/// What stands for a credential.
const SECRET: &str = "(secret)";

/// Characters of a route that one sentence shows.
const SHOWN_CHARS_MAX: usize = 200;

impl Default for Route {
    fn default() -> Self {
        Self::new(Object::new())
    }
}

impl Route {
    fn new(definition: Object) -> Self {
        let definition = Json::from(definition);
        let digest = definition.pin().into();
        Self { definition, digest }
    }

    /// To a program. A word that looks like a credential is left out, the program never is.
    pub fn command<'a>(
        words: impl IntoIterator<Item = &'a String>,
        directory: Option<&Path>,
    ) -> Self {
        let mut shown: Vec<Json> = Vec::new();
        let mut before = "";
        for (index, word) in words.into_iter().enumerate() {
            shown.push(if index == 0 {
                word.as_str().into()
            } else {
                without_secret(before, word)
            });
            before = word;
        }
        let mut definition = Object::from([("command", shown.into())]);
        if let Some(directory) = directory {
            definition.insert("cwd", directory.display().to_string());
        }
        Self::new(definition)
    }

    /// To a program as a configuration states it. Of a referred word, the prefix alone is kept.
    pub fn stated_command(words: &[Text], directory: Option<&Path>) -> Self {
        let words: Vec<String> = words.iter().map(shown_text).collect();
        Self::command(&words, directory)
    }

    /// To an address. Of one that is referred to, the host is kept: the rest may be a credential.
    pub fn address(stated: &Text, revealed: &url::Url, transport: Option<&str>) -> Self {
        let shown = match stated {
            Text::Plain(_) => {
                let mut url = revealed.clone();
                // Fails only where there is no host, and then there is no password.
                url.set_password(None).ok();
                url.to_string()
            }
            Text::Reference { .. } => {
                format!("{}/{SECRET}", revealed.origin().ascii_serialization())
            }
        };
        let mut definition = Object::from([("url", shown.into())]);
        if let Some(transport) = transport {
            definition.insert("transport", transport);
        }
        Self::new(definition)
    }

    /// As it is pinned.
    pub fn definition(&self) -> &Json {
        &self.definition
    }

    /// The pin of [`Route::definition`].
    pub fn digest(&self) -> &Arc<str> {
        &self.digest
    }
}

/// A pinned route in one line, for a sentence. Words of two or more are quoted.
pub fn shown(definition: &Json) -> String {
    let text = |key: &str| definition.get(key).and_then(Json::as_str);
    let line = match definition.get("command").and_then(Json::as_array) {
        Some(words) => {
            let words = words.iter().filter_map(Json::as_str).map(|word| {
                let plain = !word.is_empty() && !word.contains([' ', '"', '\'']);
                if plain { word.to_owned() } else { format!("{word:?}") }
            });
            let words: Vec<String> = words.collect();
            match text("cwd") {
                Some(folder) => format!("{} in {folder}", words.join(" ")),
                None => words.join(" "),
            }
        }
        None => match (text("url"), text("transport")) {
            (Some(url), Some(transport)) => format!("{url} over {transport}"),
            (Some(url), None) => url.to_owned(),
            (None, _) => "unknown".to_owned(),
        },
    };
    let mut shown: String = line.chars().take(SHOWN_CHARS_MAX).collect();
    if shown.len() < line.len() {
        shown.push_str("...");
    }
    crate::approval::shown_text(&shown)
}

fn shown_text(text: &Text) -> String {
    match text {
        Text::Plain(text) => text.clone(),
        Text::Reference { prefix, .. } => format!("{prefix}{SECRET}"),
    }
}

/// `--token VALUE` and `--token=VALUE` keep their names, and lose their values.
fn without_secret(before: &str, word: &str) -> Json {
    let name = before.strip_prefix('-').map(|name| name.trim_start_matches('-'));
    if word.starts_with('-')
        && let Some((name, value)) = word.split_once('=')
        && looks_like_secret(name.trim_start_matches('-'), value)
    {
        return format!("{name}={SECRET}").into();
    }
    let named = name.filter(|_| !word.starts_with('-')).unwrap_or("");
    if looks_like_secret(named, word) { SECRET.into() } else { word.into() }
}

#[cfg(test)]
mod tests {
    use super::{Route, shown};
    use crate::config::{secret::Secret, text::Text};

    fn command(words: &[&str]) -> Route {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        Route::command(&words, None)
    }

    #[test]
    fn another_version_is_another_route_and_another_credential_is_not() {
        let one = command(&["npx", "-y", "files@1.2", "--token", "ghp_abcdefghijklmnop"]);
        let rotated = command(&["npx", "-y", "files@1.2", "--token", "ghp_ponmlkjihgfedcba"]);
        let upgraded = command(&["npx", "-y", "files@1.3", "--token", "ghp_abcdefghijklmnop"]);
        assert_eq!(one.digest(), rotated.digest());
        assert_ne!(one.digest(), upgraded.digest());
        assert_eq!(shown(upgraded.definition()), "npx -y files@1.3 --token (secret)");
        let joined = command(&["srv", "--api-key=hunter2hunter2", "--mode=fast"]);
        assert_eq!(shown(joined.definition()), "srv --api-key=(secret) --mode=fast");
        let folder = Route::command(&["srv".to_owned()], Some("/srv/a".as_ref()));
        assert_eq!(shown(folder.definition()), "srv in /srv/a");
        assert_ne!(folder.digest(), command(&["srv"]).digest());
    }

    #[test]
    fn of_an_address_that_is_referred_to_the_host_counts() {
        let plain = |url: &str| {
            let parsed = url.parse().expect("a url");
            Route::address(&Text::Plain(url.to_owned()), &parsed, None)
        };
        assert_ne!(plain("https://a.example/mcp").digest(), plain("https://a.example/b").digest());
        let referred = |url: &str| {
            let secret = Secret::environment("ADDRESS");
            let stated = Text::Reference { prefix: String::new(), secret };
            Route::address(&stated, &url.parse().expect("a url"), Some("sse"))
        };
        let one = referred("https://a.example/s/Zq8vR2/mcp");
        assert_eq!(shown(one.definition()), "https://a.example/(secret) over sse");
        assert_eq!(one.digest(), referred("https://a.example/s/rotated/mcp").digest());
        assert_ne!(one.digest(), referred("https://evil.example/s/Zq8vR2/mcp").digest());
    }

    #[test]
    fn a_sentence_shows_no_more_than_it_can_and_hides_nothing() {
        let long = command(&["run", &"x".repeat(500)]);
        assert!(shown(long.definition()).chars().count() < 250);
        let sly = command(&["run\u{202e}", "a b"]);
        assert_eq!(shown(sly.definition()), "run\\u{202e} \"a b\"");
    }
}
