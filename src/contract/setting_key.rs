//! `settings:KEY`: a permission that stands for what the operator has set under this key of the plugin's settings.

/// The beginning of such a permission.
const SETTING: &str = "settings:";

/// The key of the plugin's settings for which a `network` or `secrets` permission stands.
pub(crate) fn setting_key(permission: &str) -> Option<&str> {
    permission.strip_prefix(SETTING)
}
