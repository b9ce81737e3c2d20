//! A model's server, asked through a sandbox that may reach this one host.

use std::io;
use std::pin::pin;

use serde_json::{Value, json};
use weft_lite::config::Config;
use weft_lite::errors::ActionableError;
use weft_lite::package::FileSecrets;
use weft_lite::sandbox::{
    HostCall, HostReply, NetworkOptions, PluginIdentity, Sandbox, SandboxOptions, WebRequest,
    WebResponse,
};
use weft_lite::text::json_line;
use weft_lite::{Capability, PluginPermissions, PluginResourceConfig};

use super::fault::Trouble;
use super::secret::ServerKey;
use super::url::ModelUrl;
use crate::cli::interrupts::Interrupts;
use crate::cli::secret::unread;
use crate::cli::{CommandFailure, terminal};

/// The longest name of a model.
const NAME_BYTES: usize = 256;
/// Tokens of the answer that is tried: enough for a word, few for a slow machine.
const TRIED_TOKENS: u32 = 16;
const QUESTION: &str = "Answer with one word: are you there?";

/// Asks for a line; none without a terminal.
type Question = fn(&str, &mut Interrupts) -> io::Result<Option<String>>;

/// A server that is being tried, with what was found out about it.
pub(super) struct Server<'s> {
    endpoint: &'s ModelUrl,
    config: &'s Config,
    network: NetworkOptions,
    /// Where keys are kept, and the names under which this server's may be.
    secrets: &'s FileSecrets,
    kept_names: Vec<&'s str>,
    interrupts: &'s mut Interrupts,
    question: Question,
    /// Whether what is missing may be asked for and opened.
    may_change: bool,
    pub(super) key: Option<ServerKey>,
    /// Whether its private address had to be opened.
    pub(super) is_opened: bool,
}

impl<'s> Server<'s> {
    pub(super) fn new(
        endpoint: &'s ModelUrl,
        (network, config): (NetworkOptions, &'s Config),
        (secrets, kept_names): (&'s FileSecrets, Vec<&'s str>),
        interrupts: &'s mut Interrupts,
    ) -> Self {
        Self {
            endpoint,
            config,
            network,
            secrets,
            kept_names,
            interrupts,
            question: terminal::line,
            may_change: true,
            key: None,
            is_opened: false,
        }
    }

    /// Sends this key with every request, as plugins send one.
    pub(super) fn with_key(mut self, key: Option<ServerKey>) -> Self {
        self.key = key;
        self
    }

    /// Where signals arrive while a question waits for its answer.
    pub(super) fn interrupts(&mut self) -> &mut Interrupts {
        self.interrupts
    }

    /// Only says what is missing.
    pub(super) fn without_changes(mut self) -> Self {
        self.may_change = false;
        self
    }

    /// The names of the models at this URL.
    ///
    /// # Errors
    ///
    /// [`Trouble`]
    pub(super) fn models(&mut self, base: &ModelUrl) -> Result<Vec<String>, Trouble> {
        let text = self.ask("GET", &format!("{base}/models"), None)?;
        let answer: Option<Value> = serde_json::from_str(&text).ok();
        let listed = answer.as_ref().and_then(|answer| answer.get("data")?.as_array());
        let models = listed.ok_or(Trouble::NoModelServer)?;
        let is_name = |name: &&str| {
            !name.is_empty() && name.len() <= NAME_BYTES && !name.chars().any(char::is_control)
        };
        let names = models.iter().filter_map(|model| model.get("id")?.as_str());
        Ok(names.filter(is_name).map(str::to_owned).collect())
    }

    /// Has a model answer in a few tokens.
    ///
    /// # Errors
    ///
    /// [`Trouble`]
    pub(super) fn answer(&mut self, base: &ModelUrl, model: &str) -> Result<(), Trouble> {
        let url = format!("{base}/chat/completions");
        let ask = |limit: &str| {
            let messages = json!([{ "role": "user", "content": QUESTION }]);
            json_line(&json!({ "model": model, "messages": messages, limit: TRIED_TOKENS }))
        };
        let text = match self.ask("POST", &url, Some(&ask("max_tokens"))) {
            // Some models know the limit by its newer name alone.
            Err(Trouble::Status { status: 400, text }) if text.contains(NEWER_LIMIT) => {
                self.ask("POST", &url, Some(&ask(NEWER_LIMIT)))
            }
            answered => answered,
        }?;
        let answer: Option<Value> = serde_json::from_str(&text).ok();
        let message = answer.as_ref().and_then(|it| it.pointer("/choices/0/message"));
        message.filter(|it| it.is_object()).map(|_| ()).ok_or(Trouble::NoModelServer)
    }

    /// Sends a request, again with a key if the server asks for one, and again to a private address once it is
    /// opened.
    fn ask(&mut self, method: &str, url: &str, body: Option<&str>) -> Result<String, Trouble> {
        loop {
            match self.send(method, url, body) {
                Err(Trouble::Private)
                    if self.may_change && !self.is_opened && self.may_open()? =>
                {
                    self.open()?;
                }
                Err(Trouble::Status { status: 401 | 403, .. }) if self.key.is_none() => {
                    self.key = Some(self.find_key()?);
                }
                Err(refused @ Trouble::Status { status: 401, .. })
                    if self.is_kept() && self.may_change =>
                {
                    // What was kept does not fit any more.
                    self.key = Some(self.asked_key()?.ok_or(refused)?);
                }
                answered => return answered,
            }
        }
    }

    /// Whether its private address may be opened. Whoever sets the address of a public name could have plugins reach
    /// another machine later, so a person decides that.
    fn may_open(&mut self) -> Result<bool, CommandFailure> {
        let endpoint = self.endpoint;
        if endpoint.is_nearby() {
            return Ok(true);
        }
        let question = format!(
            "{} is a public name for a private address, and whoever sets its address can change it; \
             open {} to plugins that list it? [y/N]",
            endpoint.host,
            endpoint.private_host()
        );
        let typed = (self.question)(&question, self.interrupts);
        let typed = typed.map_err(|error| unread("the answer", &error))?;
        Ok(typed.is_some_and(|it| matches!(it.to_ascii_lowercase().as_str(), "y" | "yes")))
    }

    /// Opens its private address.
    fn open(&mut self) -> Result<(), CommandFailure> {
        let network = self.network.clone().allow_private_hosts([self.endpoint.private_host()]);
        self.network = network.map_err(|error| CommandFailure::work(&error, &error.next_step()))?;
        self.is_opened = true;
        Ok(())
    }

    fn is_kept(&self) -> bool {
        self.key.as_ref().is_some_and(|key| !key.is_new())
    }

    /// The key that was kept for this server, or one that is asked for.
    fn find_key(&self) -> Result<ServerKey, Trouble> {
        match ServerKey::kept(self.secrets, &self.kept_names, self.endpoint)? {
            Some(kept) => Ok(kept),
            None if self.may_change => self.asked_key()?.ok_or(Trouble::KeyMissing),
            None => Err(Trouble::KeyMissing),
        }
    }

    /// A key that is typed at the terminal, if there is one.
    fn asked_key(&self) -> Result<Option<ServerKey>, Trouble> {
        let is_private = self.is_opened || self.endpoint.opened_by(self.config).is_some();
        if !self.endpoint.is_https && !is_private {
            return Err(Trouble::KeyOverHttp);
        }
        Ok(ServerKey::asked(self.endpoint)?)
    }

    /// Sends one request.
    fn send(&mut self, method: &str, url: &str, body: Option<&str>) -> Result<String, Trouble> {
        let sandbox = self.sandbox();
        let mut headers = vec![("accept".to_owned(), "application/json".to_owned())];
        if body.is_some() {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        if let Some(ServerKey { name, .. }) = &self.key {
            headers.push(("authorization".to_owned(), format!("Bearer {{{{secret:{name}}}}}")));
        }
        let (method, url) = (method.to_owned(), url.to_owned());
        let body = body.map(|body| body.as_bytes().to_vec());
        let call = HostCall::HttpFetch(WebRequest { method, url, headers, body });
        let serving = pin!(sandbox.serve(call, 0));
        let served = smol::block_on(self.interrupts.unless(serving));
        let served = served.ok_or_else(CommandFailure::interrupted)?;
        match (served.denied, served.reply) {
            (Some(denied), _) if denied.capability == Capability::Secrets => {
                // Nothing allows plain http to a public address.
                Err(match denied.approve_with {
                    None => Trouble::KeyOverHttp,
                    Some(_) => Trouble::KeyRefused { rule: denied.rule },
                })
            }
            (Some(denied), _) if denied.approve_with.is_some() => Err(Trouble::Private),
            (Some(denied), _) => Err(Trouble::Closed { rule: denied.rule }),
            (None, HostReply::Response(Ok(response))) => text_of(&response),
            (None, HostReply::Response(Err(text))) => Err(Trouble::NoAnswer { text }),
            (None, _) => Err(Trouble::NoModelServer),
        }
    }

    /// A sandbox that reaches this host alone, with this key alone.
    fn sandbox(&self) -> Sandbox {
        let permissions = PluginPermissions {
            network: vec![self.endpoint.host.clone()],
            secrets: self.key.iter().map(|key| key.name.clone()).collect(),
            ..PluginPermissions::default()
        };
        let mut options =
            SandboxOptions { network: self.network.clone(), ..SandboxOptions::new(".") };
        if let Some(key) = &self.key {
            options.secrets = key.source(self.secrets, self.endpoint);
        }
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let identity = PluginIdentity { id: "model".to_owned(), version };
        let resources = PluginResourceConfig::default();
        Sandbox::new(identity, None, &permissions, &resources, &options).0
    }
}

/// What newer models call the limit of an answer's tokens.
const NEWER_LIMIT: &str = "max_completion_tokens";

/// The text of a successful answer; of another one the status with its text, or where it sends to.
fn text_of(response: &WebResponse) -> Result<String, Trouble> {
    let WebResponse { status, headers, body } = response;
    let location = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("location"));
    match (*status, location) {
        (200..300, _) => Ok(String::from_utf8_lossy(body).into_owned()),
        (status @ 300..400, Some((_, target))) => {
            Err(Trouble::Status { status, text: target.clone() })
        }
        (status, _) => {
            Err(Trouble::Status { status, text: String::from_utf8_lossy(body).into_owned() })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::sync::Arc;

    use weft_lite::BoxFuture;
    use weft_lite::sandbox::{LookupPlace, Resolver};

    use super::super::fault::Asked;
    use super::*;

    /// Every name is this machine.
    struct Here;

    impl Resolver for Here {
        fn resolve<'a>(
            &'a self,
            _: &'a str,
            _: u16,
            _: LookupPlace,
        ) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
            Box::pin(async { Ok(vec![Ipv4Addr::LOCALHOST.into()]) })
        }
    }

    /// What becomes of the first request, and whether the host was opened for it. Nobody listens there.
    fn asked(url: &str, question: Question) -> (Trouble, bool) {
        let (base, config) = (ModelUrl::parse(url).unwrap(), Config::default());
        let network = NetworkOptions::default().resolver(Arc::new(Here));
        let (secrets, mut interrupts) = (FileSecrets::new("/nowhere"), Interrupts::none());
        let mut server =
            Server::new(&base, (network, &config), (&secrets, Vec::new()), &mut interrupts);
        server.question = question;
        let trouble = server.models(&base).unwrap_err();
        (trouble, server.is_opened)
    }

    #[test]
    fn a_public_name_is_opened_by_a_person() {
        let url = "http://models.example.com:1/v1";
        let no: [Question; 2] = [|_, _| Ok(None), |_, _| Ok(Some(String::new()))];
        for no in no {
            let (trouble, is_opened) = asked(url, no);
            assert!(matches!(trouble, Trouble::Private) && !is_opened, "{trouble:?}");
            let base = ModelUrl::parse(url).unwrap();
            let asked =
                Asked { base: &base, model: None, known: &[], with_key: false, is_set: false };
            let failure = format!("{:?}", trouble.into_failure(&asked));
            assert!(failure.contains("models.example.com:1"), "{failure}");
            assert!(failure.contains("allow_private_hosts"), "{failure}");
        }
        let (trouble, is_opened) = asked(url, |question, _| {
            assert!(question.contains("open models.example.com:1 to plugins"), "{question}");
            Ok(Some("Yes".into()))
        });
        assert!(matches!(trouble, Trouble::NoAnswer { .. }) && is_opened, "{trouble:?}");
    }

    #[test]
    fn machines_nearby_are_opened_without_a_question() {
        for url in ["http://nas:1/v1", "http://nas.local:1/v1", "http://127.0.0.1:1/v1"] {
            let (trouble, is_opened) = asked(url, |_, _| panic!("nobody is asked"));
            assert!(matches!(trouble, Trouble::NoAnswer { .. }) && is_opened, "{trouble:?}");
        }
    }
}
