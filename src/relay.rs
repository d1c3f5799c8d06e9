//! What travels between an upstream and the caller while a call is under way: progress, log
//! messages, questions and their answers. Each passes the firewall on its way, in both directions,
//! and each question and answer leaves a record.

mod notices;
mod witness;

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use tokio::sync::Notify;

pub use notices::Notices;
pub use witness::{Steps, Witness};

use witness::Noted;

use crate::{
    exchange::{Answers, AskedRequest, Line},
    firewall::{Disposition, Surface},
    inspect::{Firewall, Profile},
    mcp::{ClientInfo, Json, Notification, Object, RpcError, client::EXTENSION_TASKS},
    upstream::metadata,
};

/// One call's way back to its caller.
#[derive(Debug)]
pub struct Relay {
    pub line: Line,
    client: Arc<ClientInfo>,
    firewall: Arc<Firewall>,
    witness: Witness,
    notices: Notices,
    heard: Arc<Notify>,
    /// Answers that came with the call itself, before anybody asked.
    brought: parking_lot::Mutex<Option<Object>>,
}

/// Requests that a server may send to a client, and nothing else.
const RELAYED: [&str; 3] = ["elicitation/create", "sampling/createMessage", "roots/list"];

/// Log levels of RFC 5424, least severe first.
pub const LEVELS: [&str; 8] =
    ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];

impl Relay {
    pub fn new(
        line: Line,
        client: Arc<ClientInfo>,
        firewall: Arc<Firewall>,
        witness: Witness,
    ) -> Self {
        let (heard, brought) = (Arc::default(), parking_lot::Mutex::default());
        let notices = Notices::AsTheyAre;
        Self { line, client, firewall, witness, notices, heard, brought }
    }

    /// Marks the notifications that pass.
    pub fn marking(self, notices: Notices) -> Self {
        Self { notices, ..self }
    }

    /// Keeps the `inputResponses` of a first request for the questions that they may be answers to.
    pub fn bring(self, answers: Option<Object>) -> Self {
        Self { brought: parking_lot::Mutex::new(answers), ..self }
    }

    /// Wakes whenever the upstream reported progress.
    pub fn heard(&self) -> Arc<Notify> {
        Arc::clone(&self.heard)
    }

    /// The request's name, for its upstream to know it by. In the transparent profile nothing of
    /// ours goes along.
    pub fn reference(&self) -> Option<&str> {
        let says = self.firewall.profile != Profile::Transparent;
        says.then_some(self.witness.request.as_str())
    }

    pub fn wants_progress(&self) -> bool {
        self.line.progress_token.is_some()
    }

    pub fn log_level(&self) -> Option<&str> {
        self.line.log_level.as_deref()
    }

    /// Whom the questions go to, as the limits count.
    pub fn party(&self) -> u64 {
        crate::limits::key_of(&self.witness.principal)
    }

    /// Whether both lead to the same client. Without a session only the call itself is known to.
    pub fn same_caller(&self, other: &Self) -> bool {
        // Several calls of one legacy session lead to one caller.
        match (&self.witness.session, &other.witness.session) {
            (Some(one), Some(two)) => one == two,
            _ => std::ptr::eq(self, other),
        }
    }

    /// The capabilities to state to a modern upstream: the caller's, as far as they are relayed.
    pub fn offered(&self) -> Object {
        let mut capabilities = metadata::offered_capabilities();
        capabilities.retain(|name| self.client.capabilities.get(name).is_some());
        if let Some(stated) = self.client.capabilities.get("elicitation") {
            // Made anew: what a client writes into its capabilities is no message to servers.
            let mut modes = Object::new();
            for mode in ["form", "url"] {
                if stated.get(mode).is_some() {
                    modes.insert(mode, Object::new());
                }
            }
            capabilities.insert("elicitation", modes);
        }
        if self.client.has_extension(EXTENSION_TASKS) {
            let tasks = Object::from([(EXTENSION_TASKS, Object::new().into())]);
            capabilities.insert("extensions", tasks);
        }
        capabilities
    }

    /// Takes a notification about this call to the caller, if it asked for its kind.
    pub fn notification(&self, mut notification: Notification) {
        match notification.method.as_str() {
            "notifications/progress" => {
                self.heard.notify_waiters();
                let Some(token) = &self.line.progress_token else { return };
                notification.params.insert("progressToken", token.clone());
            }
            "notifications/message" if self.wants_log(&notification.params) => {}
            _ => return,
        }
        let mut params = Json::Object(std::mem::take(&mut notification.params));
        let subject = self.witness.subject();
        let verdict = self.firewall.inspect_from(subject, "", Surface::Notification, &mut params);
        if verdict.disposition != Disposition::Allow {
            let request = self.witness.request.as_str();
            tracing::warn!(request, method = %notification.method, "A notification was withheld.");
            return;
        }
        if let Json::Object(params) = params {
            notification.params = params;
        }
        self.notices.mark(&mut notification);
        self.line.notify(notification);
    }

    fn wants_log(&self, params: &Object) -> bool {
        let rank = |level: &str| LEVELS.iter().position(|known| *known == level);
        let wanted = self.line.log_level.as_deref().and_then(rank);
        let stated = params.str("level").and_then(rank);
        matches!((wanted, stated), (Some(wanted), Some(stated)) if stated >= wanted)
    }

    /// Asks the caller one thing and returns its answer.
    ///
    /// # Errors
    /// The client cannot be asked this, the firewall withheld question or answer, or nobody
    /// answers any more.
    pub async fn ask(&self, method: &str, params: Object) -> Result<Object, RpcError> {
        const KEY: &str = "question";
        let asked = AskedRequest { method: method.to_owned(), params };
        let mut answers = self.ask_all(HashMap::from([(KEY.to_owned(), asked)])).await?;
        answers.remove(KEY).unwrap_or_else(|| {
            Err(RpcError::new(RpcError::INTERNAL, "the client did not answer the question"))
        })
    }

    /// Asks several things at once, as an `input_required` result does. A missing answer stays
    /// missing: the upstream then asks again.
    ///
    /// # Errors
    /// As [`Relay::ask`].
    pub async fn ask_all(
        &self,
        mut questions: HashMap<String, AskedRequest>,
    ) -> Result<Answers, RpcError> {
        for asked in questions.values_mut() {
            self.let_ask(asked).await?;
        }
        let schemas: HashMap<String, AskedRequest> = questions.clone();
        let gone = |_| RpcError::new(RpcError::INTERNAL, "the client is gone");
        let mut answers = match self.brought_for(&questions) {
            Some(answers) => answers,
            None => self.patiently(self.line.ask(questions)).await.map_err(gone)?,
        };
        answers.retain(|key, _| schemas.contains_key(key));
        for (key, answer) in &mut answers {
            if let Some(asked) = schemas.get(key) {
                self.let_hear(asked, answer).await?;
            }
        }
        Ok(answers)
    }

    /// Screens a question and records whether it may be asked.
    ///
    /// # Errors
    /// It must not be asked, or the record could not be written.
    pub async fn let_ask(&self, asked: &mut AskedRequest) -> Result<(), RpcError> {
        let screened = self.screen_question(asked).await;
        // The method is a stranger's text until it is known to be one of ours.
        let known = RELAYED.iter().find(|known| **known == asked.method);
        let method = known.copied().unwrap_or("unknown");
        match screened {
            Ok(rules) => self.witness.note(method, Noted::Asked, &rules).await,
            Err(stopped) => {
                self.witness.note(method, Noted::Stopped, &stopped.rules).await?;
                Err(stopped.error)
            }
        }
    }

    async fn let_hear(
        &self,
        asked: &AskedRequest,
        answer: &mut Result<Object, RpcError>,
    ) -> Result<(), RpcError> {
        let method = &asked.method;
        let screened = match answer {
            Ok(result) => self.screen_answer(asked, result).await,
            Err(error) => {
                // What a client says of its refusal is for nobody else.
                *error = RpcError::new(error.code, "the client refused");
                return self.witness.note(method, Noted::Refused, &Rules::new()).await;
            }
        };
        match screened {
            Ok(rules) => self.witness.note(method, Noted::Answered, &rules).await,
            Err(stopped) => {
                self.witness.note(method, Noted::Refused, &stopped.rules).await?;
                Err(stopped.error)
            }
        }
    }

    /// What the caller brought along for these questions, once. Anything else that it brought is
    /// ignored (SEP-2322); what is missing will be asked anew.
    fn brought_for(&self, questions: &HashMap<String, AskedRequest>) -> Option<Answers> {
        let brought = self.brought.lock().take()?;
        let answer = |key: &String| {
            let answer = brought.get(key)?.as_object()?.clone();
            Some((key.clone(), Ok(answer)))
        };
        let answers: Answers = questions.keys().filter_map(answer).collect();
        (!answers.is_empty()).then_some(answers)
    }

    /// A person thinks longer than a server may be silent: the call's clock stands meanwhile.
    async fn patiently<T>(&self, asking: impl Future<Output = T>) -> T {
        const BEAT: Duration = Duration::from_secs(1);
        tokio::pin!(asking);
        loop {
            tokio::select! {
                answer = &mut asking => return answer,
                () = tokio::time::sleep(BEAT) => self.heard.notify_waiters(),
            }
        }
    }

    async fn screen_question(&self, asked: &mut AskedRequest) -> Result<Rules, Stopped> {
        let method = asked.method.as_str();
        if !RELAYED.contains(&method) {
            // The method is a stranger's text: it is not repeated.
            let what = "that is no request that a server may send to a client";
            return Err(RpcError::new(RpcError::METHOD_NOT_FOUND, what).into());
        }
        if !self.client.answers(method, &asked.params) {
            let what = format!("the client does not support `{method}`");
            return Err(RpcError::new(RpcError::METHOD_NOT_FOUND, what).into());
        }
        if asked.params.str("mode") == Some("url") && !is_web_url(asked.params.str("url")) {
            return Err(withheld("a URL to open must be http or https").into());
        }
        if asks_for_a_secret(asked) {
            let what = "a form must not ask for a secret; a server uses URL mode for that";
            return Err(withheld(what).into());
        }
        let surface = match method {
            "sampling/createMessage" => Surface::Sampling,
            _ => Surface::Elicitation,
        };
        self.pass(surface, &mut asked.params).await
    }

    async fn screen_answer(
        &self,
        asked: &AskedRequest,
        answer: &mut Object,
    ) -> Result<Rules, Stopped> {
        if asked.method == "elicitation/create"
            && answer.str("action") == Some("accept")
            && let Some(schema) = asked.params.get("requestedSchema")
        {
            let content = answer.get("content").cloned().unwrap_or(Json::Object(Object::new()));
            crate::schema::check_once(schema, &content).map_err(|error| {
                tracing::debug!(%error, "An answer does not fit its form.");
                RpcError::new(RpcError::INVALID_PARAMS, "the answer does not fit its form")
            })?;
        }
        self.pass(Surface::InputResponse, answer).await
    }

    async fn pass(&self, surface: Surface, object: &mut Object) -> Result<Rules, Stopped> {
        let mut value = Json::Object(std::mem::take(object));
        let subject = self.witness.subject();
        let verdict = self.firewall.read_from(subject, "", surface, &mut value).await;
        if let Json::Object(inspected) = value {
            *object = inspected;
        }
        match verdict.disposition {
            Disposition::Allow => Ok(verdict.rules),
            Disposition::Hold | Disposition::Block => {
                let error = withheld("the gateway withheld this message");
                Err(Stopped { error, rules: verdict.rules })
            }
        }
    }
}

/// Rules that found something.
type Rules = BTreeSet<Arc<str>>;

/// What must not be asked or heard, and the rules that say so.
struct Stopped {
    error: RpcError,
    rules: Rules,
}

impl From<RpcError> for Stopped {
    fn from(error: RpcError) -> Self {
        Self { error, rules: Rules::new() }
    }
}

/// Forms that ask for credentials are phishing, or break the rule that they go by URL (SPEC
/// client/elicitation).
fn asks_for_a_secret(asked: &AskedRequest) -> bool {
    const TELLING: [&str; 8] = [
        "password",
        "passwd",
        "passphrase",
        "secret",
        "apikey",
        "accesstoken",
        "privatekey",
        "cvv",
    ];
    let schema = asked.params.get("requestedSchema");
    let properties = schema.and_then(|schema| schema.get("properties")).and_then(Json::as_object);
    properties.is_some_and(|properties| {
        properties.keys().any(|name| {
            let letters = name.chars().filter(|c| c.is_ascii_alphanumeric());
            let name: String = letters.map(|c| c.to_ascii_lowercase()).collect();
            TELLING.iter().any(|telling| name.contains(telling))
        })
    })
}

fn is_web_url(url: Option<&str>) -> bool {
    let parsed = url.and_then(|url| url::Url::parse(url).ok());
    parsed.is_some_and(|url| matches!(url.scheme(), "http" | "https"))
}

fn withheld(what: &str) -> RpcError {
    RpcError::new(crate::refusal::Code::Withheld.rpc(), what)
}
