//! Which channels are served, and who may talk over each.

#[cfg(feature = "console")]
use std::path::PathBuf;
use std::sync::Arc;

use weft_lite::actor::WantedChannels;
use weft_lite::channel::{ConsoleChannel, ConsoleStyle};
#[cfg(feature = "socket")]
use weft_lite::channel::{SocketAddress, SocketChannel, SocketOptions};
use weft_lite::config::ChannelConfig;
use weft_lite::pipeline::ChannelRules;
use weft_lite::sorted::SortedMap;
use weft_lite::{PluginCapability, Runtime};

use crate::cli::flags::Options;
use crate::cli::{CommandFailure, output};

pub(super) const CONSOLE: &str = "console";
pub(super) const SOCKET: &str = "socket";

/// The console's history, in weft-lite's own folder.
#[cfg(feature = "console")]
const HISTORY: &str = "history";
/// The default path of the socket, in weft-lite's own folder.
#[cfg(feature = "socket")]
const SOCKET_FILE: &str = "weft.sock";

/// The channels to serve.
pub(super) struct ChannelPlan {
    pub(super) console: bool,
    #[cfg(feature = "socket")]
    pub(super) socket: Option<SocketOptions>,
    /// The channels of plugins to serve.
    pub(super) wanted: WantedChannels,
    pub(super) rules: SortedMap<String, ChannelRules>,
    /// Whether AI clients are served as well.
    pub(super) beside_mcp: bool,
}

impl ChannelPlan {
    /// The channels in `named`, or all if it is empty.
    ///
    /// # Errors
    ///
    /// A channel does not exist, or the socket has no path.
    pub(super) fn new(
        named: &[String],
        runtime: &Runtime,
        options: &Options,
    ) -> Result<Self, CommandFailure> {
        let config = runtime.channel_config();
        let is_named = |name: &str| named.iter().any(|it| it == name);
        for name in named {
            known(name, runtime)
                .map_err(|(message, next_step)| CommandFailure::usage(&message, &next_step))?;
        }
        let console = named.is_empty() || is_named(CONSOLE);
        let mut rules = SortedMap::new();
        for (name, config) in config.iter().filter(|(name, _)| *name != CONSOLE && *name != SOCKET)
        {
            let (owner, allow) = (config.owner.clone(), config.allow.clone());
            rules.insert(name.clone(), ChannelRules { owner, allow });
        }
        if console {
            rules.insert(CONSOLE.to_owned(), ChannelRules::owner_only());
        }
        let wanted: WantedChannels = {
            let named = named.to_vec();
            Arc::new(move |id| named.is_empty() || named.iter().any(|name| name == id))
        };
        let mut plan = Self {
            console,
            #[cfg(feature = "socket")]
            socket: None,
            wanted,
            rules,
            beside_mcp: false,
        };
        if is_named(SOCKET) || (named.is_empty() && config.contains_key(SOCKET)) {
            plan.add_socket(config.get(SOCKET).cloned().unwrap_or_default(), runtime, options)?;
        }
        // Why a plugin is not in service is already reported.
        let registry = runtime.host().registry();
        let waits = |name: &str| registry.refused().iter().any(|it| it.id.as_deref() == Some(name));
        for name in config.keys().filter(|name| !waits(name)) {
            if let Err((message, next_step)) = known(name, runtime) {
                output::advise(
                    &format_args!("warning: `channels` of the configuration: {message}"),
                    &next_step,
                );
            }
        }
        plan.warn_channels_without_senders(runtime);
        Ok(plan)
    }

    #[cfg(feature = "socket")]
    fn add_socket(
        &mut self,
        config: ChannelConfig,
        runtime: &Runtime,
        options: &Options,
    ) -> Result<(), CommandFailure> {
        let ChannelConfig { allow, path, tcp, token_secret, .. } = config;
        let address = match (tcp, path) {
            (Some(address), _) => SocketAddress::Tcp(address),
            (None, Some(path)) => SocketAddress::Unix(path),
            (None, None) => SocketAddress::Unix(options.weft_home()?.join(SOCKET_FILE)),
        };
        let mut socket = SocketOptions::new(address);
        socket.memory_bytes = runtime.surface_memory_bytes();
        // Senders other than users of this machine come through the owner's programs and need no access.
        socket.others = allow.iter().any(|sender| sender.starts_with("uid:"));
        if let Some(name) = token_secret {
            let host = runtime.host().clone();
            socket.token = Some(Arc::new(move || host.resolve_secret(&name)));
        }
        self.socket = Some(socket);
        self.rules.insert(SOCKET.to_owned(), ChannelRules { allow, ..ChannelRules::owner_only() });
        Ok(())
    }

    /// What is served beside the console: AI clients, the socket, and the configured channels of plugins that exist, even if
    /// they wait for approval.
    pub(super) fn beside_console(&self, runtime: &Runtime) -> Vec<&str> {
        let registry = runtime.host().registry();
        let is_there = |id: &str| {
            (self.wanted)(id)
                && (registry.plugin(id).is_some()
                    || registry.refused().iter().any(|it| it.id.as_deref() == Some(id)))
        };
        let names = self.rules.keys().map(String::as_str);
        let others = names.filter(|name| *name == SOCKET || (*name != CONSOLE && is_there(name)));
        others.chain(self.beside_mcp.then_some("AI clients")).collect()
    }

    #[cfg(not(feature = "socket"))]
    fn add_socket(
        &mut self,
        _config: ChannelConfig,
        _runtime: &Runtime,
        _options: &Options,
    ) -> Result<(), CommandFailure> {
        Err(CommandFailure::usage(
            &"this program has no socket",
            &"build it with the feature `socket`",
        ))
    }

    /// Warns about channels of plugins with an empty allow-list.
    fn warn_channels_without_senders(&self, runtime: &Runtime) {
        for plugin in runtime.host().registry().plugins() {
            let id = &plugin.manifest.id;
            let is_channel = plugin.manifest.capabilities.contains(&PluginCapability::Channel);
            if is_channel && (self.wanted)(id) && !self.rules.contains_key(id) {
                let message = format!("warning: nobody may talk over the channel {id}");
                let next_step = format!("set `channels: {{{id}: {{owner: NAME}}}}` in config.yaml");
                output::advise(&message, &next_step);
            }
        }
    }
}

/// Checks that the channel can exist. The error is a message and its next step.
fn known(name: &str, runtime: &Runtime) -> Result<(), (String, String)> {
    if name == CONSOLE || name == SOCKET {
        return Ok(());
    }
    let registry = runtime.host().registry();
    let is_channel = |id: &str| {
        let plugin = registry.plugin(id);
        plugin.is_some_and(|it| it.manifest.capabilities.contains(&PluginCapability::Channel))
    };
    if is_channel(name) {
        return Ok(());
    }
    let mut known = vec![CONSOLE, SOCKET];
    let plugins = registry.plugins().map(|plugin| plugin.manifest.id.as_str());
    known.extend(plugins.filter(|id| is_channel(id)));
    Err((format!("there is no channel `{name}`"), format!("name one of {}", known.join(", "))))
}

/// The style of the console's answers.
pub(super) fn style(options: &Options) -> ConsoleStyle {
    match options.json {
        true => ConsoleStyle::Json,
        false if output::is_terminal() => ConsoleStyle::Terminal,
        false => ConsoleStyle::Plain,
    }
}

/// The process's own console, with line editing at a terminal if that is compiled in.
#[cfg(feature = "console")]
pub(super) fn console(
    options: &Options,
    commands: &Arc<weft_lite::command::Commands>,
) -> ConsoleChannel {
    let commands = Arc::clone(commands);
    let complete = move |line: &str| {
        let completion = commands.now().complete(line, commands.host());
        (completion.start, completion.candidates)
    };
    let history: Option<PathBuf> = options.weft_home().ok().map(|home| home.join(HISTORY));
    let editing = weft_lite::channel::ConsoleEditing { history, complete: Arc::new(complete) };
    let console = ConsoleChannel::stdio(style(options));
    // A dumb terminal can't move its cursor.
    let dumb = std::env::var_os("TERM").is_none_or(|terminal| terminal == "dumb");
    let console = if dumb { console } else { console.editing(editing) };
    if let Some(above) = console.above_line() {
        output::set_message_line(above);
    }
    console
}

#[cfg(not(feature = "console"))]
pub(super) fn console(
    options: &Options,
    _commands: &Arc<weft_lite::command::Commands>,
) -> ConsoleChannel {
    ConsoleChannel::stdio(style(options))
}

/// The socket as a channel.
#[cfg(feature = "socket")]
pub(super) fn socket(options: &SocketOptions) -> Arc<SocketChannel> {
    Arc::new(SocketChannel::new(options.clone()))
}
