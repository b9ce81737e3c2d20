//! Resources and the skills extension (SEP-2640): what skills consist of, read when it is asked for.
//!
//! Each method reads the request's parameters on the executor and the disk off it, and writes members
//! of the result. Paths are resolved beneath the skill's folder by `files`, so a URI can't lead out of
//! it. Nothing is cached: a file is what it is when it is asked for. Why a file can't be read is for
//! the operator's log.

use std::io;
use std::sync::Arc;

use base64ct::{Base64, Encoding};
use serde_json::json;

use super::catalog::{OfferedSkill, Page, entries};
use super::files::{self, SKILL_FILE};
use super::message::{Request, RpcError, code, required};
use super::object::{Object, array};
use super::result::write_freshness;
use super::revision::Revision;
use super::server::McpServer;
use crate::contract::sanitize_text;
use crate::task::off_executor;

/// Skills of one part of `skills/list`. Every file of each is read for its digest, so a part costs much
/// more than one of another list.
const SKILLS_AT_ONCE: usize = 50;

/// The one template: any file of any skill.
const TEMPLATES: &str = r#"[{"uriTemplate":"skill://{name}/{+path}","name":"skill-file","description":"A file of a skill: SKILL.md, or one that it refers to."}]"#;

impl McpServer {
    /// Answers the requests about files of skills; `None` where the request is about something else.
    ///
    /// The skills extension and directories are for modern clients only, as only `server/discover`
    /// announces them.
    pub(super) async fn look_up_files(
        &self,
        request: &Request,
        revision: Revision,
        result: &mut Object,
    ) -> Option<Result<(), RpcError>> {
        Some(match (&*request.method, revision.is_modern()) {
            ("resources/list", _) => self.list_resources(request, revision, result).await,
            ("resources/templates/list", _) => {
                result.raw("resourceTemplates", TEMPLATES);
                write_freshness(result, revision);
                Ok(())
            }
            ("resources/read", _) => self.read_resource(request, revision, result).await,
            ("resources/directory/read", true) => self.read_folder(request, result).await,
            ("skills/list", true) => self.list_skills(request, revision, result).await,
            ("skills/get", true) => self.get_skill(request, revision, result).await,
            _ => return None,
        })
    }

    /// `resources/list`: every file of every active skill, in the order of their URIs.
    ///
    /// # Errors
    ///
    /// -32602 for a cursor that no list gave out.
    async fn list_resources(
        &self,
        request: &Request,
        revision: Revision,
        result: &mut Object,
    ) -> Result<(), RpcError> {
        let skills = Arc::clone(&self.catalog().skills);
        let all = off_executor(move || files::list_all(&skills, log::Level::Warn)).await;
        self.list(request, revision, "resources", &entries(&all), result)
    }

    /// `resources/read`: one file, as text if it is text and otherwise in base64.
    ///
    /// Instructions get to clients with control tokens of models made harmless. Word for word they go
    /// only to modern clients, and only of a published skill: another text would not have the digest
    /// that the extension names.
    ///
    /// # Errors
    ///
    /// -32602 for a file that is too large. For one that there isn't, -32602 in the modern era and
    /// -32002 before it (2026-07-28, Overview, Error Codes).
    async fn read_resource(
        &self,
        request: &Request,
        revision: Revision,
        result: &mut Object,
    ) -> Result<(), RpcError> {
        let [uri] = request.texts(["uri"])?;
        let uri = required("uri", uri)?;
        let (skill, path) = self.skill_of(&uri).ok_or_else(|| not_found(&uri, revision))?;
        let kind = files::mime_type(&path);
        // Only what has a digest in the skills extension is given word for word.
        let published = |other: &OfferedSkill| other.name == skill.name;
        let verbatim = revision.is_modern() && self.catalog().published.iter().any(published);
        let instructs = matches!(kind, "text/markdown" | "text/plain") && !verbatim;
        let content = off_executor(move || files::read(&skill, &path)).await;
        let content = content.map_err(|error| match error.kind() {
            io::ErrorKind::FileTooLarge => {
                RpcError::invalid_params(format!("{}: {error}", shown(&uri)))
            }
            _ => log_and(&error, not_found(&uri, revision)),
        })?;
        let mut contents = Object::new();
        contents.member("uri", &uri).member("mimeType", kind);
        let text = if files::is_text(&content) { std::str::from_utf8(&content).ok() } else { None };
        match text {
            Some(text) if instructs => contents.member("text", &*sanitize_text(text)),
            Some(text) => contents.member("text", text),
            // Its alphabet needs no escapes, so this is written once.
            None => contents.raw("blob", &format!("\"{}\"", Base64::encode_string(&content))),
        };
        drop(content);
        result.raw("contents", &array([contents.end().as_str()]));
        write_freshness(result, revision);
        Ok(())
    }

    /// `resources/directory/read` (SEP-2640): the files and folders directly in a folder of a skill.
    ///
    /// # Errors
    ///
    /// -32602 for a URI that is no folder, also for one with a final slash.
    async fn read_folder(&self, request: &Request, result: &mut Object) -> Result<(), RpcError> {
        let [uri, cursor] = request.texts(["uri", "cursor"])?;
        let uri = required("uri", uri)?;
        let no_folder =
            || RpcError::invalid_params(format!("{} is not a directory resource", shown(&uri)));
        let (skill, path) = self.skill_of(&uri).ok_or_else(no_folder)?;
        if uri.ends_with('/') {
            return Err(no_folder());
        }
        let children = off_executor(move || {
            let files = files::list(&skill, |error| {
                log::warn!(
                    "of the files of skill {} only SKILL.md is offered: {error}",
                    skill.name
                );
            })?;
            io::Result::Ok(files::children(&skill, &path, files))
        });
        let children = children.await.map_err(|error| log_and(&error, no_folder()))?;
        let children = children.ok_or_else(no_folder)?;
        let (children, size) = (entries(&children), self.page_entries());
        let result = ("resources", result);
        Page::write(&children, cursor.as_deref(), size, Revision::July2026, result)
    }

    /// `skills/list` (SEP-2640): the published skills with the digests of their files. A skill that
    /// can't be read whole is left out, so a part may be shorter than asked for and still have a next
    /// one.
    ///
    /// # Errors
    ///
    /// -32602 for a cursor that no list gave out.
    async fn list_skills(
        &self,
        request: &Request,
        revision: Revision,
        result: &mut Object,
    ) -> Result<(), RpcError> {
        let [cursor] = request.texts(["cursor"])?;
        let catalog = self.catalog();
        let size = self.page_entries().min(SKILLS_AT_ONCE);
        let names: Vec<&str> = catalog.published.iter().map(|skill| &*skill.name).collect();
        let page = Page::new(&names, cursor.as_deref(), size)?;
        let skills = catalog.published[page.range].to_vec();
        let manifests = off_executor(move || {
            let manifest = |skill: &OfferedSkill| match files::manifest(skill) {
                Ok(manifest) => Some(manifest),
                Err(error) => {
                    log::warn!("skill {} is not offered: {error}", skill.name);
                    None
                }
            };
            skills.iter().filter_map(manifest).collect::<Vec<String>>()
        });
        let manifests = manifests.await;
        result.raw("skills", &array(manifests.iter().map(String::as_str)));
        result.optional("nextCursor", page.next);
        write_freshness(result, revision);
        Ok(())
    }

    /// `skills/get` (SEP-2640): one published skill, by the URI of its `SKILL.md`.
    ///
    /// # Errors
    ///
    /// -32602 for a URI of anything else, and for a skill that can't be read whole.
    async fn get_skill(
        &self,
        request: &Request,
        revision: Revision,
        result: &mut Object,
    ) -> Result<(), RpcError> {
        let [uri] = request.texts(["uri"])?;
        let uri = required("uri", uri)?;
        let unknown = || RpcError::invalid_params(format!("no skill is served at {}", shown(&uri)));
        let catalog = self.catalog();
        let (name, path) = files::named(&uri).ok_or_else(unknown)?;
        let published = |skill: &&OfferedSkill| &*skill.name == name && path == SKILL_FILE;
        let skill = catalog.published.iter().find(published).ok_or_else(unknown)?.clone();
        let manifest = off_executor(move || files::manifest(&skill)).await;
        let manifest = manifest.map_err(|error| log_and(&error, unknown()))?;
        result.raw("skill", &manifest);
        write_freshness(result, revision);
        Ok(())
    }

    /// The active skill and the path in it that a URI names. The path is empty for its folder, and need
    /// not exist.
    fn skill_of(&self, uri: &str) -> Option<(OfferedSkill, String)> {
        let (name, path) = files::named(uri)?;
        let catalog = self.catalog();
        let skill = catalog.skills.iter().find(|skill| &*skill.name == name)?;
        Some((skill.clone(), path))
    }
}

/// The error for a resource that there isn't, with the code of the revision.
fn not_found(uri: &str, revision: Revision) -> RpcError {
    let code = match revision.is_modern() {
        true => code::INVALID_PARAMS,
        false => code::RESOURCE_NOT_FOUND,
    };
    RpcError::new(code, format!("there is no resource {}", shown(uri)))
        .with_data(json!({ "uri": uri }))
}

/// Logs why a file can't be read, and returns the error for the client. The reason may name paths of this
/// machine, so it is for the operator only.
fn log_and(error: &io::Error, answer: RpcError) -> RpcError {
    if error.kind() != io::ErrorKind::NotFound {
        log::warn!("mcp: {}: {error}", answer.message);
    }
    answer
}

/// A URI in a message, cut where it is long.
fn shown(uri: &str) -> String {
    uri.chars().take(200).collect()
}
