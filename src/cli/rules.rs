//! `bartizan rules`: the work of those who write and keep rules.

mod bench;
mod captured;
mod coverage;
mod diff;
mod disable;
mod exclude;
mod explain;
mod false_positives;
mod import;
mod lint;
mod list;
mod new;
mod promote;
mod sample;
pub(super) mod sources;
mod status;
mod taxonomy;
mod test;

use clap::Subcommand;

use super::Ran;

/// Write, prove, measure and compare rules.
#[derive(Debug, clap::Args)]
pub(super) struct Rules {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the rules
    List(list::List),
    /// Check rule files; ends with 1 if something is wrong in them
    Lint(lint::Lint),
    /// Run every example of every rule
    Test(test::Test),
    /// Say which rules look at a text, how far each got, and why it stopped there
    Explain(explain::Explain),
    /// Write the beginning of a rule
    New(new::New),
    /// Count the rules for each entry of the taxonomies, and show where there are none
    Coverage(coverage::Coverage),
    /// Measure what each rule costs
    Bench(bench::Bench),
    /// Show every alert on texts that are known to be harmless; ends with 1 if there is one
    #[command(name = "fp")]
    FalsePositives(false_positives::FalsePositives),
    /// Compare two sets of rules; ends with 1 if a rule changed and its version did not rise
    Diff(diff::Diff),
    /// Turn rules of another tool into drafts
    Import(import::Import),
    /// Say where the rules of the running gateway stand, and what keeps them from acting
    Status(status::Status),
    /// Bring a rule to another stage
    Promote(promote::Promote),
    /// Take a rule out of force for a time; what it finds is still recorded
    Disable(disable::Disable),
    /// Write the narrowest exclusion for a finding that is none
    Exclude(exclude::Exclude),
}

pub(super) fn run(command: &Rules) -> Ran {
    match &command.command {
        Command::List(command) => list::run(command),
        Command::Lint(command) => lint::run(command),
        Command::Test(command) => test::run(command),
        Command::Explain(command) => explain::run(command),
        Command::New(command) => new::run(command),
        Command::Coverage(command) => coverage::run(command),
        Command::Bench(command) => bench::run(command),
        Command::FalsePositives(command) => false_positives::run(command),
        Command::Diff(command) => diff::run(command),
        Command::Import(command) => import::run(command),
        Command::Status(command) => status::run(command),
        Command::Promote(command) => promote::run(command),
        Command::Disable(command) => disable::run(command),
        Command::Exclude(command) => exclude::run(command),
    }
}
