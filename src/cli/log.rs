//! Where the log goes and what must not reach it.

use std::io::{self, IsTerminal as _, Write};

use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

use crate::firewall::conceal::conceal;

/// Logs to standard error. `RUST_LOG` chooses; rmcp stays quiet below warnings, because it logs
/// authorization codes.
pub(super) fn start(json: bool) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let quiet = ["rmcp=warn", "hyper=warn", "sqlx=warn"];
    let filter =
        quiet.iter().filter_map(|it| it.parse().ok()).fold(filter, EnvFilter::add_directive);
    let subscriber = tracing_subscriber::fmt()
        // A log that cannot be written (a full disk) must not end the request that it is about.
        .log_internal_errors(false)
        .with_env_filter(filter)
        .with_writer(Concealed(io::stderr));
    let colour = io::stderr().is_terminal();
    let set = if json {
        subscriber.json().try_init()
    } else {
        subscriber.with_ansi(colour).with_target(false).try_init()
    };
    if let Err(error) = set {
        eprintln!("bartizan: logging is already set up: {error}");
    }
}

/// Writes lines without their secrets, whoever logged them.
#[derive(Clone, Copy, Debug)]
struct Concealed<M>(M);

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for Concealed<M> {
    type Writer = Concealed<M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        Concealed(self.0.make_writer())
    }
}

impl<W: Write> Write for Concealed<W> {
    /// Takes whole events: the subscriber writes each at once.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        self.0.write_all(conceal(&text).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parking_lot::Mutex;

    use super::{Concealed, Write, io};

    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);

    impl Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn no_secret_reaches_the_log_in_either_form() {
        for json in [false, true] {
            let memory = Memory::default();
            let written = memory.clone();
            let make = Concealed(move || memory.clone());
            let subscriber = tracing_subscriber::fmt().with_writer(make).with_ansi(false);
            let log = || {
                let error = "GET https://ana:q7w8e9@example.org/?code=q7w8e9: 401";
                tracing::info!(%error, api_key = "q7w8e9", "Sent `Authorization: Bearer q7w8e9`.");
            };
            if json {
                tracing::subscriber::with_default(subscriber.json().finish(), log);
            } else {
                tracing::subscriber::with_default(subscriber.finish(), log);
            }
            let text = String::from_utf8(written.0.lock().clone()).expect("text");
            assert!(text.contains("example.org") && text.contains("[redacted]"), "{text}");
            assert!(!text.contains("q7w8e9"), "{text}");
            if json {
                serde_json::from_str::<serde_json::Value>(&text).expect("it stays JSON");
            }
        }
    }
}
