//! `weft-lite autonomous`: what is observed and kept for skills that are drafted from repeated work.

use argh::FromArgs;
use serde_json::json;
use weft_lite::package::{ConfigFile, Prompt, Proposals};

use super::clock::now_seconds;
use super::flags::Options;
use super::logs::{self, Verbosity};
use super::output::{self, AsJson};
use super::terminal::Terminal;
use super::{CommandFailure, Status};

/// See and erase what is kept to draft skills from repeated work.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "autonomous",
    example = "{command_name} status\n{command_name} forget",
    note = "It is off unless `autonomous_skills: {{enabled: true}}` is in config.yaml in $WEFT_HOME. A skill that\nis proposed waits for your yes: see `weft-lite skill pending`."
)]
pub(super) struct AutonomousCommand {
    #[argh(subcommand)]
    command: AutonomousAction,
}

#[derive(Debug, FromArgs)]
#[argh(subcommand)]
enum AutonomousAction {
    Status(AutonomousStatus),
    Forget(ForgetObservations),
}

/// Say whether skills are proposed, what waits, and how the approved ones do.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "status", example = "{command_name}\n{command_name} --json")]
struct AutonomousStatus {}

/// Erase the observed calls, and every proposal that waits; what was rejected stays rejected.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "forget", example = "{command_name}\n{command_name} --yes")]
struct ForgetObservations {
    /// don't ask
    #[argh(switch)]
    yes: bool,
}

/// The commands of this group.
pub(super) fn commands() -> &'static [&'static argh::CommandInfo] {
    <AutonomousAction as argh::SubCommands>::COMMANDS
}

pub(super) fn run(
    command: &AutonomousCommand,
    options: &Options,
) -> Result<Status, CommandFailure> {
    logs::start(options, Verbosity::Warnings);
    let home = options.weft_home()?;
    let proposals = Proposals::of_home(&home);
    match &command.command {
        AutonomousAction::Status(_) => status(&proposals, options),
        AutonomousAction::Forget(command) => forget(&proposals, command, options),
    }
}

fn status(proposals: &Proposals, options: &Options) -> Result<Status, CommandFailure> {
    let config = options.config()?.autonomous;
    let (pending, state) = (proposals.pending()?, proposals.state()?);
    let waiting = pending.proposals.len() + pending.damaged.len();
    let bytes = proposals.observed_bytes();
    if options.json {
        let skills: Vec<_> = state
            .skills
            .iter()
            .map(|(name, skill)| {
                json!({
                    "name": name, "version": skill.current.version,
                    "approved_at": skill.approved_at, "last_used": skill.last_used,
                    "failures": skill.failures, "off": skill.off,
                })
            })
            .collect();
        output::record(&[
            ("enabled", &config.enabled),
            ("threshold", &config.threshold),
            ("pending", &waiting),
            ("rejected", &state.rejected.len()),
            ("observed_bytes", &bytes),
            ("skills", &skills),
        ])?;
        return Ok(Status::Done);
    }
    let threshold = config.threshold;
    output::data(&match config.enabled {
        true => format!("on: work that is seen {threshold} times is proposed as a skill"),
        false => "off: no call is observed, and nothing is proposed".to_owned(),
    })?;
    output::data(&format!("proposals: {waiting} waiting, {} rejected", state.rejected.len()))?;
    output::data(&format!("{bytes} bytes of observed calls"))?;
    for (name, skill) in state.skills.iter() {
        let used = match skill.last_used {
            Some(_) => format!("used {} days ago", days_since(skill.last_used)),
            None => {
                format!("not used yet, approved {} days ago", days_since(Some(skill.approved_at)))
            }
        };
        let failures = match (skill.failures, skill.off) {
            (0, _) => String::new(),
            (count, false) => format!(", failed {count} times in a row"),
            (count, true) => format!(", switched off after it failed {count} times in a row"),
        };
        output::data(&format!("{name} {}: {used}{failures}", skill.current.version))?;
    }
    let file = ConfigFile::path(&options.weft_home()?);
    if !config.enabled {
        let how = format_args!(
            "to turn it on, write `autonomous_skills: {{enabled: true}}` in {}",
            file.display()
        );
        output::message(&how);
    }
    Ok(Status::Done)
}

fn days_since(seconds: Option<u64>) -> u64 {
    now_seconds().saturating_sub(seconds.unwrap_or(0)) / 86_400
}

fn forget(
    proposals: &Proposals,
    ForgetObservations { yes }: &ForgetObservations,
    options: &Options,
) -> Result<Status, CommandFailure> {
    let pending = proposals.pending()?;
    let waiting = pending.proposals.len() + pending.damaged.len();
    let bytes = proposals.observed_bytes();
    if waiting > 0 || bytes > 0 {
        let question =
            format!("erase observed calls ({bytes} bytes) and waiting proposals ({waiting})?");
        let confirmed = *yes
            || Terminal.confirm(&question).ok_or_else(|| {
                CommandFailure::usage(
                    &"nobody is there to ask whether to erase what was observed",
                    &"say so with `--yes`",
                )
            })?;
        if !confirmed {
            return Ok(Status::Failed);
        }
    }
    let erased = proposals.forget()?;
    let fields: [(&str, &dyn AsJson); 2] = [("erased_bytes", &bytes), ("proposals", &erased)];
    let sentence =
        format_args!("erased observed calls ({bytes} bytes) and waiting proposals ({erased})");
    output::done(options.form(), &fields, &sentence)
}
