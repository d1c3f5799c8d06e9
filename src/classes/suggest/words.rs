//! The words that tell what a tool does.

use crate::classes::{Class, DestinationKind};

/// Words for reading, and for nothing but reading.
pub(super) const READS: [&str; 21] = [
    "get", "list", "read", "search", "find", "show", "describe", "view", "query", "lookup", "look",
    "check", "status", "count", "fetch", "browse", "retrieve", "inspect", "info", "explain",
    "download",
];

/// Words for work on the arguments alone.
pub(super) const COMPUTES: [&str; 14] = [
    "add",
    "sum",
    "calculate",
    "compute",
    "convert",
    "format",
    "encode",
    "decode",
    "hash",
    "round",
    "validate",
    "parse",
    "compare",
    "time",
];

/// Words of names and descriptions in small letters: `camelCase`, `snake_case`, `kebab-case` and
/// prose alike.
pub(super) fn split(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut small = false;
    for c in text.chars() {
        if (!c.is_alphanumeric() || c.is_uppercase() && small) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
        small = c.is_lowercase();
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// The classes of a verb, in the forms in which names and descriptions use it.
pub(super) fn classes_of(word: &str) -> &'static [Class] {
    use Class::{Destructive, Egress, Exec, Money, PersistsInstructions, StateChange};
    match stem(word) {
        "send" | "post" | "publish" | "notify" | "share" | "forward" | "reply" | "comment"
        | "invite" | "tweet" | "submit" | "upload" | "push" | "broadcast" | "export" => {
            &[Egress, StateChange]
        }
        "fetch" | "crawl" | "scrape" | "browse" | "navigate" | "webhook" | "http" | "request" => {
            &[Egress]
        }
        "delete" | "remove" | "drop" | "purge" | "wipe" | "destroy" | "truncate" | "overwrite"
        | "revoke" | "reset" | "uninstall" | "erase" | "rollback" | "terminate" | "kill"
        | "clear" | "discard" | "permanently" | "irreversible" | "irreversibly" | "undone"
        | "restored" => &[StateChange, Destructive],
        "write" | "create" | "update" | "set" | "edit" | "insert" | "move" | "rename" | "put"
        | "patch" | "modify" | "save" | "merge" | "commit" | "close" | "assign" | "archive"
        | "mark" | "enable" | "disable" | "apply" | "start" | "stop" | "schedule" | "cancel"
        | "replace" | "append" | "upsert" | "register" | "change" | "restart" | "scale" | "log"
        | "track" | "label" | "tag" | "approve" | "click" | "fill" | "checkout" => &[StateChange],
        "run" | "exec" | "execute" | "eval" | "evaluate" | "shell" | "script" | "spawn"
        | "invoke" | "terminal" | "deploy" | "install" | "sql" => &[StateChange, Exec],
        "pay" | "payment" | "transfer" | "refund" | "charge" | "purchase" | "buy" | "payout"
        | "withdraw" | "donate" | "order" | "wire" => &[StateChange, Money],
        "remember" | "memorize" | "learn" => &[StateChange, PersistsInstructions],
        _ => &[],
    }
}

/// `deletes`, `deleted` and `deleting` are `delete`; what is no verb of the list stays.
fn stem(word: &str) -> &str {
    const STEMS: [(&str, &str); 12] = [
        ("sends", "send"),
        ("writes", "write"),
        ("deletes", "delete"),
        ("removes", "remove"),
        ("creates", "create"),
        ("updates", "update"),
        ("executes", "execute"),
        ("runs", "run"),
        ("posts", "post"),
        ("pays", "pay"),
        ("fetches", "fetch"),
        ("transfers", "transfer"),
    ];
    STEMS.iter().find(|(form, _)| *form == word).map_or(word, |(_, stem)| stem)
}

/// What a tool works with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Topic {
    Web,
    Mail,
    Messages,
    Files,
    Secrets,
    Persons,
    Affairs,
    Memory,
}

impl Topic {
    pub(super) fn of(word: &str) -> Option<Self> {
        let singular = word.strip_suffix('s').unwrap_or(word);
        Some(match singular {
            "web" | "url" | "site" | "website" | "internet" | "link" | "feed" | "rss" | "new" => {
                Self::Web
            }
            "mail" | "email" | "inbox" | "mailbox" | "conversation" | "attachment" | "direct" => {
                Self::Mail
            }
            "message" | "page" | "chat" | "channel" | "thread" | "issue" | "ticket" | "comment"
            | "review" | "mention" | "feedback" | "form" | "submission" | "post" | "reply"
            | "notification" | "discussion" | "calendar" | "event" => Self::Messages,
            "file" | "directory" | "folder" | "document" | "path" | "repository" => Self::Files,
            "secret" | "credential" | "password" | "token" | "key" | "env" | "environment" => {
                Self::Secrets
            }
            "transaction" | "invoice" | "statement" | "application" => Self::Affairs,
            "customer" | "contact" | "account" | "balance" | "user" | "profile" | "employee"
            | "patient" | "salary" | "payroll" | "database" | "table" => Self::Persons,
            "memory" | "memorie" | "knowledge" | "instruction" | "rule" | "prompt" | "skill"
            | "observation" => Self::Memory,
            _ => return None,
        })
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Web => "the web",
            Self::Mail => "what people write to each other alone",
            Self::Messages => "what people write to each other",
            Self::Files => "files",
            Self::Secrets => "secrets",
            Self::Persons => "people and their affairs",
            Self::Affairs => "affairs to which strangers write",
            Self::Memory => "what agents remember or obey",
        }
    }

    /// What it means of a tool that reads, and of one that writes.
    pub(super) const fn classes(self, reads: bool) -> &'static [Class] {
        match (self, reads) {
            (Self::Web, true) => &[Class::ReadsUntrusted],
            (Self::Mail | Self::Affairs, true) => &[Class::ReadsUntrusted, Class::ReadsPrivate],
            // Strangers write there too, and what a team writes is the team's.
            (Self::Messages, true) => &[Class::ReadsUntrusted, Class::ReadsFiles],
            (Self::Files | Self::Memory, true) => &[Class::ReadsFiles],
            (Self::Secrets | Self::Persons, true) => &[Class::ReadsPrivate],
            (Self::Mail | Self::Messages, false) => &[Class::Egress],
            (Self::Memory, false) => &[Class::StateChange, Class::PersistsInstructions],
            (Self::Web | Self::Files | Self::Secrets | Self::Persons | Self::Affairs, false) => &[],
        }
    }
}

/// What an argument of this name holds.
pub(super) fn destination(word: &str) -> Option<DestinationKind> {
    Some(match word {
        "path" | "paths" | "file" | "files" | "filename" | "filepath" | "directory" | "folder"
        | "destination" | "source" | "dir" => DestinationKind::Path,
        "url" | "urls" | "uri" | "link" | "href" | "endpoint" | "webhook" => DestinationKind::Url,
        "to" | "cc" | "bcc" | "recipient" | "recipients" | "email" | "emails" | "attendees" => {
            DestinationKind::Email
        }
        "account" | "iban" | "payee" | "channel" | "repo" | "repository" | "owner" | "project"
        | "beneficiary" => DestinationKind::Account,
        "branch" => DestinationKind::Branch,
        "command" | "cmd" | "script" | "code" | "sql" | "query" | "expression" => {
            DestinationKind::Command
        }
        _ => return None,
    })
}
