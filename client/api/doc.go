// Package api is the contract with any user interface: typed commands in, replies and events out, as
// JSON text; in a browser as CBOR of the same shape.
//
//	a, err := api.New(config, post) // post takes each message for the interface
//	a.Handle(`{"id": 1, "command": "start", "data": {}}`)
//
// The interface sends {id, command, data}. It gets {id, ok: data} or {id, error: {code, message}} once
// for each, and events {event, data} at any time:
//
//	command      data                                 answer
//	start        {}                                   Session
//	sign-up      {name, password, invite?}            Session
//	sign-in      {name, password}                     Session
//	sign-out     {clear}                              {}
//	create       {kind, people, name?}                {conversation}
//	open         {conversation, limit?}               {messages, more, draft}; its timeline events follow
//	older        {conversation, before, limit?}       {messages, more}
//	send         {conversation, text}                 {message}
//	retry        {conversation, message}              {}
//	discard      {conversation, message}              {}
//	draft        {conversation, text}                 {}; what is not sent yet, sent to the server every 2 s at most
//	read         {conversation, position}             {}
//	add          {conversation, people}               {}
//	members      {conversation}                       {members: [{account, name, role, you, verified, changed}], can}
//	remove-member {conversation, account}             {}
//	rename       {conversation, name}                 {}
//	block        {account, blocked}                   {}
//	leave        {conversation}                       {}; out with all devices
//	role         {conversation, account, role}        {}
//	retention    {conversation, mode, timer?}         {}; mode: full, device or disappearing, after so many seconds
//	reconnect    {}                                   {}
//	contact      {account}                            {account, name, number, code, verified, changed, doubted, reset, heldUntil}
//	verify       {account, verified}                  {}
//	compare      {account, code}                      {match}
//	accept-key   {account}                            {}
//	recovery-new {}                                   {code}, which opens nothing yet
//	recovery-confirm {code}                           {}; the code just made is in force
//	recovery-check {code}                             {} when it is the one in force; changes nothing
//	recovery-off {}                                   {}
//	recover      {name, code, password}               Session, with the new password
//	reset        {name, token, password}              Session; everything from before is lost. "reset-held": later
//	reset-cancel {}                                   {}; a reset that was begun can not be finished
//	password     {current, password}                  {}; with {code, password} by the recovery code
//	protection   {high, password}                     {}; high: the password alone opens nothing
//	unlock       {code}                               Session, after a sign-in that answered "locked"
//	approval-start {}                                 {qr}: asks the account's devices to let this locked one in
//	approval-stop {}                                  {}
//	approval-open {id}                                {digits}, which must be the same on both screens
//	approval-scan {id, code}                          {match}, instead of comparing
//	approval-answer {id, allow}                       {}; saying no ends the session that asked
//	security     {}                                   {recovery, high, devices, epoch, history: {stored, waiting, deviceOnly, disappearing}}
//	device-remove {id}                                {}; it is out of the account, and removing events follow
//	device-news-answered {id}                         {}; the news about a device is not told again
//	device-rename {id, name}                          {}; with "" it has its first name again
//	settings     {}                                   {settings: {name: text}}
//	setting      {key, value}                         {}
//	devices      {}                                   {devices: [{id, name, added, seen, current}]}
//	restore      {conversation}                       {}; asks the vault again for what can not be read
//	server       {}                                   {registration, release}
//
//	event          data
//	session        Session
//	connection     {state, retryAt?}
//	conversations  {conversations}: the whole list, in order
//	conversation   {conversation}: this one, replaced
//	timeline       {conversation, upsert, remove}: of the opened conversation
//	restore        {done, total, conversation?, finished}
//	device-news    {id, name, at, added}: of the account's own devices; told at each start until it is answered
//	removing       {left}: in so many conversations removed devices are still to be taken out by this one
//	draft          {conversation, text}: another device changed it
//	approval       {state, digits?}: waiting, compare, allowed, denied or expired; of this device's request
//	approval-request {id, device, at, over?}: another device asks to be let in, or that is over
//	settings       {settings}: all of them; one has changed, or a device's name, here or on another device
//	account-reset  {at, name}: the own account began anew elsewhere, and this device is out
//	reset-begun    {at}: somebody may reset the own account from then on, unless it is cancelled
//	fault          {code, text, action?, account?, conversation?}: of one code and whom or what it is about the newest stands
//
// A conversation's people are everybody in it, except that of Everyone's only the person is named. Where something about
// keys holds messages back, keyReason of the conversation and keys of the people in question say what: changed or doubted, which can
// be accepted, for some only after heldUntil; unknown-pin or readmitting, which accepting does not change.
//
// Events carry whole objects to replace and come only after what they say is durable. What a command's
// answer shows is never older than the events before it. No key and no password ever leaves this
// package towards the interface, and message bodies leave as typed parts, never as markup.
package api
