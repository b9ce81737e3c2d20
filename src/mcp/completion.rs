//! `completion/complete`: values for the variables of prompts, and names and files of skills.
//!
//! A value is offered if it begins with what was typed. Completion runs no plugin.

use super::catalog::OfferedSkill;
use super::files;
use super::message::{Request, RpcError, members_of, required, texts_of};
use super::object::Object;
use super::prompts;
use super::server::McpServer;
use crate::task::off_executor;

/// Values in one answer, as every revision limits them.
const VALUES: usize = 100;

impl McpServer {
    /// Writes the result of `completion/complete`.
    ///
    /// # Errors
    ///
    /// -32602 for a prompt, a template or an argument that there isn't.
    pub(super) async fn complete(
        &self,
        request: &Request,
        result: &mut Object,
    ) -> Result<(), RpcError> {
        let [reference, argument, context] = request.members(["ref", "argument", "context"])?;
        let reference = texts_of(required("ref", reference)?, ["type", "name", "uri"])?;
        let [argument, begin] = texts_of(required("argument", argument)?, ["name", "value"])?;
        let (argument, begin) = (required("name", argument)?, required("value", begin)?);
        let [kind, name, uri] = reference;
        let values = match required("type", kind)?.as_str() {
            "ref/prompt" => self.prompt_values(&required("name", name)?, &argument)?,
            "ref/resource" => {
                let [known] = members_of(context.unwrap_or("{}"), ["arguments"])?;
                let [skill] = texts_of(known.unwrap_or("{}"), ["name"])?;
                self.resource_values(&required("uri", uri)?, &argument, skill).await?
            }
            other => {
                return Err(RpcError::invalid_params(format!(
                    "there is no `ref` of type `{other}`"
                )));
            }
        };
        let fitting: Vec<&String> =
            values.iter().filter(|value| value.starts_with(&begin)).collect();
        let given = &fitting[..fitting.len().min(VALUES)];
        let mut completion = Object::new();
        completion
            .member("values", given)
            .member("total", &fitting.len())
            .member("hasMore", &(given.len() < fitting.len()));
        result.raw("completion", &completion.end());
        Ok(())
    }

    /// Values of a prompt's variable: its author declares only the default.
    ///
    /// # Errors
    ///
    /// -32602 for a prompt or a variable that there isn't.
    fn prompt_values(&self, prompt: &str, argument: &str) -> Result<Vec<String>, RpcError> {
        let catalog = self.catalog();
        let skill = catalog.prompt(prompt).ok_or_else(|| prompts::unknown(prompt))?;
        let input = skill.inputs().into_iter().find(|input| input.name == argument);
        let input = input.ok_or_else(|| {
            RpcError::invalid_params(format!("prompt `{prompt}` has no argument `{argument}`"))
        })?;
        Ok(input.default.map(str::to_owned).into_iter().collect())
    }

    /// Values of the template's variables. Paths are those of the skill that the client has filled in
    /// before; without one there are none.
    ///
    /// # Errors
    ///
    /// -32602 for another template or variable.
    async fn resource_values(
        &self,
        template: &str,
        argument: &str,
        skill: Option<String>,
    ) -> Result<Vec<String>, RpcError> {
        if template != "skill://{name}/{+path}" {
            let problem = "there is no such template: see `resources/templates/list`";
            return Err(RpcError::invalid_params(problem));
        }
        let catalog = self.catalog();
        match argument {
            "name" => Ok(catalog.skills.iter().map(|skill| skill.name.to_string()).collect()),
            "path" => {
                let named = |other: &&OfferedSkill| Some(&*other.name) == skill.as_deref();
                let Some(skill) = catalog.skills.iter().find(named).cloned() else {
                    return Ok(Vec::new());
                };
                let files = off_executor(move || files::list(&skill, |_| {})).await;
                // A folder that can't be listed suggests nothing.
                Ok(files.unwrap_or_default().into_iter().map(|file| file.path).collect())
            }
            _ => Err(RpcError::invalid_params("the template has the variables `name` and `path`")),
        }
    }
}
