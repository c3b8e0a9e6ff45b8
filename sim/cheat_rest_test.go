package sim

var falseJoins, falseAccounts, falseDatabases []attack
