//! `bartizan rules promote`

use std::{path::PathBuf, process::ExitCode};

use serde_json::Value;

use super::{Ran, status::stage};
use crate::{
    app::{AdminRequest, RulePlace, decision_text},
    cli::{
        ConfigArgument,
        admin::{ask, text},
        approvals::sign,
        data_dir, harmless, say,
    },
    firewall::stage::Stage,
};

#[derive(Debug, clap::Args)]
pub(super) struct Promote {
    #[command(flatten)]
    config: ConfigArgument,
    id: String,
    /// `draft`, `shadow`, `canary`, `enforce` or `deprecated`
    #[arg(long, value_name = "STAGE", value_parser = stage)]
    to: Stage,
    /// Of a canary: runs out of a hundred in which it acts
    #[arg(long)]
    percent: Option<u8>,
    /// Let it act before it has shown what it errs on: a second person must say the same, and it
    /// ends after 72 hours
    #[arg(long)]
    emergency: bool,
    #[command(flatten)]
    person: Person,
}

/// Who decides, why, and with which key.
#[derive(Debug, clap::Args)]
pub(super) struct Person {
    /// Why; it is recorded
    #[arg(long)]
    reason: String,
    /// Who decides [default: the user's name]
    #[arg(long = "as", value_name = "NAME")]
    by: Option<String>,
    /// The approver's key, from `approvals enroll`
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

/// Where a rule is to go.
pub(super) struct Wish<'a> {
    pub(super) id: &'a str,
    pub(super) to: Stage,
    pub(super) percent: Option<u8>,
    pub(super) for_s: Option<u32>,
    pub(super) emergency: bool,
}

pub(super) fn run(command: &Promote) -> Ran {
    let Promote { id, to, percent, emergency, .. } = command;
    let wish = Wish { id, to: *to, percent: *percent, for_s: None, emergency: *emergency };
    place(&command.config, &wish, &command.person)
}

/// Places exactly the rule that is in force now, and says where it came.
pub(super) fn place(config: &ConfigArgument, wish: &Wish<'_>, person: &Person) -> Ran {
    let folder = data_dir(config)?;
    let answer = ask(&folder, &AdminRequest::RuleStages { rule: Some(wish.id.to_owned()) })?;
    let seen = text(answer.get(0).unwrap_or(&Value::Null), "digest").to_owned();
    let by = person.by.clone().or_else(|| std::env::var("USER").ok());
    let mut place = RulePlace {
        rule: wish.id.to_owned(),
        seen,
        stage: wish.to.name().to_owned(),
        percent: wish.percent,
        for_s: wish.for_s,
        emergency: wish.emergency,
        reason: person.reason.clone(),
        by: by.unwrap_or_else(|| "local".into()),
        signature: None,
    };
    let signed = decision_text("rule", wish.id, &place.verb(), &place.seen);
    place.signature = person.key.as_deref().map(|path| sign(path, &signed)).transpose()?;
    let answer = ask(&folder, &AdminRequest::PlaceRule(place))?;
    let (id, was) = (harmless(wish.id), text(&answer, "was"));
    if !text(&answer, "proposed").is_empty() {
        say(format_args!("{id} is proposed; a second person must say the same within 24 hours"));
    } else if let Some(until) = answer["until"].as_i64() {
        let minutes = (until - crate::ids::now_ms()).max(0) / 60_000;
        say(format_args!("{id}: {was} -> {}, for {minutes} min", wish.to.name()));
    } else {
        say(format_args!("{id}: {was} -> {}", wish.to.name()));
    }
    Ok(ExitCode::SUCCESS)
}
