//! `prompts/get`, and the tool of an instruction skill: a skill's text with values put into it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::catalog::{Catalog, OfferedSkill};
use super::message::{Request, RpcError};
use super::object::{Object, array};
use crate::skill::MissingVariables;

#[derive(Deserialize)]
struct GetParams {
    name: String,
    #[serde(default)]
    arguments: BTreeMap<String, String>,
}

/// Writes the result of `prompts/get`.
///
/// # Errors
///
/// -32602 for a name that isn't offered, and for values that are missing or no text.
pub(super) fn get(
    request: &Request,
    catalog: &Catalog,
    result: &mut Object,
) -> Result<(), RpcError> {
    let GetParams { name, arguments } = request.params()?;
    let skill = catalog.prompt(&name).ok_or_else(|| unknown(&name))?;
    let text = rendered(skill, arguments).map_err(|missing| {
        RpcError::invalid_params(format!("{missing}: {}", missing.next_step()))
    })?;
    let mut content = Object::new();
    content.member("type", "text").member("text", &text);
    let mut message = Object::new();
    message.member("role", "user").raw("content", &content.end());
    result.member("description", &skill.document.description);
    result.raw("messages", &array([message.end().as_str()]));
    Ok(())
}

pub(super) fn unknown(name: &str) -> RpcError {
    RpcError::invalid_params(format!("there is no prompt `{name}`: see `prompts/list`"))
}

/// The skill's text. Its folder is where clients find it, which need not be on this machine.
///
/// # Errors
///
/// Variables that need a value have none.
pub(super) fn rendered(
    skill: &OfferedSkill,
    mut values: BTreeMap<String, String>,
) -> Result<String, MissingVariables> {
    values.entry("baseDir".to_owned()).or_insert_with(|| skill.uri());
    Ok(skill.document.render(&values)?.into_owned())
}
