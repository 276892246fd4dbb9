/** The operation ids and security events of the audit log, as people say them. */
export const ACTIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Devices: {
    createDevice: 'Add device',
    importDevices: 'Import devices',
    updateDevice: 'Change device',
    deleteDevice: 'Delete device',
    changeShadow: 'Change settings',
    releaseDevice: 'Release from quarantine',
    device_quarantined: 'Quarantine device',
    quarantine_ended: 'End quarantine',
  },
  Commands: {
    sendCommand: 'Send command',
    cancelCommand: 'Cancel command',
    sendCommands: 'Send command to many',
    cancelCommandBatch: 'Cancel command to many',
  },
  Tokens: {
    issueToken: 'Issue token',
    rotateToken: 'Rotate token',
    revokeToken: 'Revoke token',
    revokeAllTokens: 'Revoke all tokens',
    addSigningKey: 'Add signing key',
    reissueTokens: 'Replace tokens of signing key',
    retireSigningKey: 'Retire signing key',
  },
  'People and keys': {
    login: 'Log in',
    loginByLink: 'Log in by link',
    logout: 'Log out',
    logoutOthers: 'Log out other pages',
    changePassword: 'Change own password',
    createUser: 'Add person',
    updateUser: 'Change person',
    deleteUser: 'Remove person',
    createUserLoginLink: 'Make login link for person',
    createLoginLink: 'Make login link for new admin',
    createApiKey: 'Make API key',
    revokeApiKey: 'Revoke API key',
    api_key_refused: 'Unknown API key',
  },
  Bans: {
    addBan: 'Ban',
    liftBan: 'Lift ban',
  },
}

const WORDS = new Map(Object.values(ACTIONS).flatMap((group) => Object.entries(group)))

/** An action that has no words yet is shown by its own, taken apart. */
export function actionWords(action: string): string {
  const apart = action
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll('_', ' ')
    .toLowerCase()
  return WORDS.get(action) ?? apart.charAt(0).toUpperCase() + apart.slice(1)
}

const OUTCOMES: Readonly<Record<string, string>> = {
  forbidden: 'not allowed',
  foreign_origin: 'asked by another site',
  unauthorized: 'not known',
  login_failed: 'wrong name or password',
  login_link_invalid: 'link used or ended',
  password_wrong: 'wrong password',
  rate_limited: 'too often',
  bad_request: 'not valid',
  internal: 'a fault inside the gateway',
  last_admin: 'the last admin',
}

/** Why it was refused. */
export const outcomeWords = (outcome: string): string => OUTCOMES[outcome] ?? outcome.replaceAll('_', ' ')
