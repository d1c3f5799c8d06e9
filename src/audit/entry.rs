//! One record: an OCSF 1.9.0 API Activity with the `ai_operation` and `security_control` profiles.
//!
//! What OCSF 1.9.0 has no name for stands under `unmapped.bartizan`. Arguments and results have no
//! field: only their digests do. Every string is cut at 512 bytes and every list at 64 elements, so
//! a hostile name cannot make a record too long to be written.

#[cfg(test)]
mod tests;
mod write;

/// Which of the records of a request this is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Phase {
    /// What was decided, written before anything happens.
    Decision,
    /// What came of it. A decision to allow without an outcome means that nobody knows.
    Outcome,
    /// Something that is no call: a start, a reload, an approval.
    Event,
}

impl Phase {
    /// The word in the record.
    pub fn name(self) -> &'static str {
        match self {
            Self::Decision => "decision",
            Self::Outcome => "outcome",
            Self::Event => "event",
        }
    }
}

/// What the gateway does with the call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Disposition {
    /// It goes on.
    Allowed,
    /// It waits for a person.
    Held,
    /// It ends here.
    Blocked,
    /// It goes on only because the gateway watches without enforcing.
    Observed,
}

/// Whether verdicts are enforced.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mode {
    /// They are.
    Enforce,
    /// They are only recorded.
    Observe,
}

/// What came of a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// The server answered and the answer was passed on.
    Ok,
    /// The tool itself reported an error, which was passed on.
    ToolError,
    /// It was not sent.
    Refused,
    /// It ran, and its answer was kept back.
    Withheld,
    /// It was sent, and the server failed to answer properly.
    Failed,
    /// The caller left before the answer.
    Abandoned,
    /// It was sent, and nobody knows whether it ran.
    Unknown,
}

/// What a record says, borrowed from wherever it is known. What is `None` or empty is left out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fields<'a> {
    /// Bartizan's own id of the request: the key by which its records are found.
    pub request: &'a str,
    /// Which record of the request this is, from 0. Makes `metadata.uid` unique.
    pub step: u64,
    /// When, in milliseconds since 1970 UTC.
    pub time_ms: u64,
    /// The principal's agent.
    pub agent: Option<&'a str>,
    /// On whose behalf.
    pub user: Option<&'a str>,
    /// The run that the call belongs to.
    pub run: Option<&'a str>,
    /// How the principal showed its key.
    pub proof: Option<&'a str>,
    /// What the client calls itself; it proves nothing.
    pub client_name: Option<&'a str>,
    /// What the client says is its version.
    pub client_version: Option<&'a str>,
    /// The transport session.
    pub session: Option<&'a str>,
    /// Address that the request came from; `None` for a local caller.
    pub source: Option<&'a str>,
    /// Protocol revision or era that the client speaks.
    pub era: Option<&'a str>,
    /// The MCP method.
    pub method: Option<&'a str>,
    /// The server that the call is for.
    pub upstream: Option<&'a str>,
    /// Name of the tool, prompt or resource. Whoever fills in an address leaves out its query.
    pub target: Option<&'a str>,
    /// Digest of the arguments, in hexadecimal.
    pub arguments_digest: Option<&'a str>,
    /// Digest of the tool definition in force, in hexadecimal.
    pub definition_digest: Option<&'a str>,
    /// What the gateway does with the call.
    pub disposition: Option<Disposition>,
    /// The action on the wire: `allow`, `redact`, `quarantine` and so on.
    pub verdict: Option<&'a str>,
    /// Code of the refusal.
    pub refusal: Option<&'a str>,
    /// The JSON-RPC error code that the caller got.
    pub response_code: Option<i64>,
    /// Ids of the rules that found something. Never what they found.
    pub findings: &'a [&'a str],
    /// Ids of the rules that found something and are only watched.
    pub shadow: &'a [&'a str],
    /// Ids of the exclusions that took findings away.
    pub exclusions: &'a [&'a str],
    /// Where rules found something.
    pub spots: &'a [Spot<'a>],
    /// Ids of the policies that decided.
    pub policies: &'a [&'a str],
    /// Why a person had to agree, in the gateway's or a policy's words.
    pub reasons: Option<&'a str>,
    /// The approval that the call waits for or went through on.
    pub approval: Option<&'a str>,
    /// What the candidate policies would have decided, if it is something else.
    pub candidate: Option<&'a str>,
    /// Whether verdicts are enforced.
    pub mode: Option<Mode>,
    /// Digest of the rules in force.
    pub ruleset_digest: Option<&'a str>,
    /// Digest of the policies in force.
    pub policy_digest: Option<&'a str>,
    /// What came of the call.
    pub outcome: Option<Outcome>,
    /// Microseconds from the request's arrival.
    pub elapsed_us: Option<u64>,
    /// Bytes of the answer.
    pub bytes: Option<u64>,
}

/// Where a rule found something. Never what.
#[derive(Clone, Copy, Debug)]
pub struct Spot<'a> {
    /// The rule's id.
    pub rule: &'a str,
    /// The kind of text.
    pub surface: &'a str,
    /// A JSON pointer to the text.
    pub pointer: &'a str,
    /// SHA-256 of the whole text, in hexadecimal, where it gives nothing away.
    pub sha256: Option<&'a str>,
}

/// One record, ready to be written.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    phase: Phase,
    /// Name of the event, when it is one.
    event: Option<&'a str>,
    fields: Fields<'a>,
}

impl<'a> Entry<'a> {
    /// What was decided about a request, to be recorded before it goes on.
    pub fn decision(disposition: Disposition, fields: Fields<'a>) -> Self {
        let fields = Fields { disposition: Some(disposition), ..fields };
        Self { phase: Phase::Decision, event: None, fields }
    }

    /// What came of a request, to be recorded before the caller hears it.
    pub fn outcome(outcome: Outcome, fields: Fields<'a>) -> Self {
        let fields = Fields { outcome: Some(outcome), ..fields };
        Self { phase: Phase::Outcome, event: None, fields }
    }

    /// Something that is no call, under a name such as `gateway.started`.
    pub fn event(name: &'a str, fields: Fields<'a>) -> Self {
        Self { phase: Phase::Event, event: Some(name), fields }
    }

    /// Adds the record to `out`, as one JSON object on one line.
    pub fn write(&self, out: &mut Vec<u8>) {
        write::write(self, out);
    }
}
