//! `completion/complete`: values for the variables of prompts, and names and files of skills.

use serde::Deserialize;

use super::files;
use super::message::{Request, RpcError};
use super::object::Object;
use super::prompts;
use super::server::McpServer;
use crate::contract::SortedMap;
use crate::sandbox::off_executor;

/// Values in one answer, as every revision limits them.
const VALUES: usize = 100;

#[derive(Deserialize)]
struct CompleteParams {
    #[serde(rename = "ref")]
    reference: Reference,
    argument: Argument,
    #[serde(default)]
    context: Context,
}

#[derive(Deserialize)]
#[serde(tag = "type")]
enum Reference {
    #[serde(rename = "ref/prompt")]
    Prompt { name: String },
    #[serde(rename = "ref/resource")]
    Resource { uri: String },
}

#[derive(Deserialize)]
struct Argument {
    name: String,
    value: String,
}

#[derive(Default, Deserialize)]
struct Context {
    #[serde(default)]
    arguments: SortedMap<String, String>,
}

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
        let CompleteParams { reference, argument, context } = request.params()?;
        let values = match &reference {
            Reference::Prompt { name } => self.prompt_values(name, &argument.name)?,
            Reference::Resource { uri } => {
                self.resource_values(uri, &argument.name, &context.arguments).await?
            }
        };
        let fitting: Vec<&String> =
            values.iter().filter(|value| value.starts_with(&argument.value)).collect();
        let given = &fitting[..fitting.len().min(VALUES)];
        let mut completion = Object::new();
        completion
            .member("values", given)
            .member("total", &fitting.len())
            .member("hasMore", &(given.len() < fitting.len()));
        result.raw("completion", &completion.end());
        Ok(())
    }

    /// What a variable of a prompt may be: all that its author has told is the default.
    fn prompt_values(&self, prompt: &str, argument: &str) -> Result<Vec<String>, RpcError> {
        let catalog = self.catalog();
        let skill = catalog.prompt(prompt).ok_or_else(|| prompts::unknown(prompt))?;
        let input = skill.inputs().into_iter().find(|input| input.name == argument);
        let input = input.ok_or_else(|| {
            RpcError::invalid_params(format!("prompt `{prompt}` has no argument `{argument}`"))
        })?;
        Ok(input.default.map(str::to_owned).into_iter().collect())
    }

    async fn resource_values(
        &self,
        template: &str,
        argument: &str,
        known: &SortedMap<String, String>,
    ) -> Result<Vec<String>, RpcError> {
        if template != "skill://{name}/{+path}" {
            let problem = "there is no such template: see `resources/templates/list`";
            return Err(RpcError::invalid_params(problem));
        }
        let catalog = self.catalog();
        match argument {
            "name" => Ok(catalog.skills.iter().map(|skill| skill.name.to_string()).collect()),
            "path" => {
                let name = known.get("name").map(String::as_str);
                let skill = catalog.skills.iter().find(|skill| Some(&*skill.name) == name);
                let Some(skill) = skill.cloned() else { return Ok(Vec::new()) };
                let files = off_executor(move || files::list(&skill, |_| {})).await;
                // A folder that can't be listed has nothing to suggest.
                Ok(files.unwrap_or_default().into_iter().map(|file| file.path).collect())
            }
            _ => Err(RpcError::invalid_params("the template has the variables `name` and `path`")),
        }
    }
}
