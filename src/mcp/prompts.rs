//! `prompts/get`, and the tool of an instruction skill: a skill's text with values put into it.

use serde_json::{Map, Value, json};

use super::catalog::{Catalog, OfferedSkill};
use super::input;
use super::message::{Request, RpcError, read, required, text_of};
use super::object::{Object, array};
use super::request_context::RequestContext;
use crate::contract::{ActionableError, ELICITATION, SortedMap};
use crate::skill::MissingVariables;

/// The name of the request for values that are missing.
const VALUES: &str = "values";

/// Writes the result of `prompts/get`. Where values are missing, a client that takes forms is asked for
/// them; nothing has to be kept for that.
///
/// # Errors
///
/// -32602 for a name that isn't offered, and for values that are missing or no text.
pub(super) fn get(
    request: &Request,
    request_context: &RequestContext,
    catalog: &Catalog,
    result: &mut Object,
) -> Result<(), RpcError> {
    let [name, arguments, input_responses] =
        request.members(["name", "arguments", "inputResponses"])?;
    let name = text_of("name", required("name", name)?)?;
    let mut arguments: SortedMap<String, String> = read(arguments.unwrap_or("{}"))?;
    let input_responses = input_responses.map(read::<Map<String, Value>>).transpose()?;
    let skill = catalog.prompt(&name).ok_or_else(|| unknown(&name))?;
    if request_context.can_ask.contains(&ELICITATION)
        && let Err(missing) = rendered(skill, arguments.clone())
    {
        let asked = values_form(skill, &missing);
        let Some(answer) = input_responses.and_then(|mut all| all.remove(VALUES)) else {
            input::write_requests(result, &Map::from_iter([(VALUES.to_owned(), asked)]));
            return Ok(());
        };
        let answer = input::checked(VALUES, &asked, answer)?;
        let given = answer["content"].as_object().into_iter().flatten();
        let texts =
            given.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
        arguments.extend(texts.filter(|(name, _)| missing.names.contains(name)));
    }
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

/// The form that asks a person for the values that a skill's text lacks.
fn values_form(skill: &OfferedSkill, missing: &MissingVariables) -> Value {
    let inputs = skill.inputs().into_iter();
    let lacking = inputs.filter(|input| missing.names.iter().any(|name| name == input.name));
    let properties: Map<String, Value> =
        lacking.map(|input| (input.name.to_owned(), input.schema())).collect();
    let schema = json!({ "type": "object", "properties": properties, "required": missing.names });
    let message = format!("{} asks for values of its text", skill.name);
    json!({ "method": ELICITATION, "params": { "message": message, "requestedSchema": schema } })
}

/// The error for a prompt that isn't offered.
pub(super) fn unknown(name: &str) -> RpcError {
    RpcError::invalid_params(format!("there is no prompt `{name}`: see `prompts/list`"))
}

/// The skill's text with the values put in. `baseDir` is the URI of its folder, unless the client gives another
/// value: the client may be on another machine.
///
/// # Errors
///
/// Variables that need a value have none.
pub(super) fn rendered(
    skill: &OfferedSkill,
    mut values: SortedMap<String, String>,
) -> Result<String, MissingVariables> {
    values.entry("baseDir".to_owned()).or_insert_with(|| skill.uri());
    Ok(skill.document.render(&values)?.into_owned())
}
