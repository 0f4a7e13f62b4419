//===- Server.cpp - the language server of .rnn files ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Keeps the texts that are open and answers for them. A text is checked
// whenever it changes; requests read what that found.
//
//===----------------------------------------------------------------------===//

#include "compiler/lsp/Server.h"
#include "compiler/lsp/Answers.h"
#include "compiler/lsp/Messages.h"

using namespace rnn;
using namespace rnn::lsp;
using namespace llvm::lsp;
using llvm::StringRef;
namespace json = llvm::json;

namespace {
class Server {
public:
  Server(MessageHandler &handler, llvm::ArrayRef<Setting> given,
         StringRef version)
      : handler(handler), given(given), version(version),
        publish(handler.outgoingNotification<PublishDiagnosticsParams>(
            "textDocument/publishDiagnostics")) {
    handler.method("initialize", this, &Server::initialize);
    handler.method("shutdown", this, &Server::shutdown);
    handler.notification("initialized", this, &Server::ignore);
  }

  bool isShutDown = false;

private:
  /// What needs a client that has said hello is unknown before.
  void listen() {
    handler.notification("textDocument/didOpen", this, &Server::didOpen);
    handler.notification("textDocument/didChange", this, &Server::didChange);
    handler.notification("textDocument/didClose", this, &Server::didClose);
    handler.method("textDocument/hover", this, &Server::hover);
    handler.method("textDocument/definition", this, &Server::definition);
    handler.method("textDocument/completion", this, &Server::completion);
    handler.method("textDocument/documentSymbol", this, &Server::symbols);
  }

  void initialize(const InitializeParams &, Callback<json::Value> reply) {
    listen();
    reply(json::Object{
        {"capabilities",
         json::Object{
             {"textDocumentSync",
              json::Object{{"openClose", true},
                           {"change", int(TextDocumentSyncKind::Full)}}},
             {"hoverProvider", true},
             {"definitionProvider", true},
             {"completionProvider", json::Object{}},
             {"documentSymbolProvider", true}}},
        {"serverInfo",
         json::Object{{"name", "rnn-lsp"}, {"version", version}}}});
  }
  void shutdown(const NoParams &, Callback<std::nullptr_t> reply) {
    isShutDown = true;
    reply(nullptr);
  }
  void ignore(const NoParams &) {}

  void update(const URIForFile &uri, std::string text, int64_t number) {
    auto document =
        std::make_unique<Document>(std::move(text), uri.file(), given);
    PublishDiagnosticsParams found(uri, number);
    found.diagnostics = diagnosticsOf(*document, uri);
    documents[uri.uri()] = std::move(document);
    publish(found);
  }
  void didOpen(const DidOpenTextDocumentParams &params) {
    const TextDocumentItem &item = params.textDocument;
    update(item.uri, item.text, item.version);
  }
  void didChange(const DidChangeTextDocumentParams &params) {
    // Texts come whole, as was agreed on; the last one is the newest.
    if (params.contentChanges.empty() || params.contentChanges.back().range) {
      Logger::error("didChange: expected the whole text");
      return;
    }
    if (!documents.count(params.textDocument.uri.uri())) {
      Logger::error("didChange: '{0}' is not open",
                    params.textDocument.uri.uri());
      return;
    }
    update(params.textDocument.uri, params.contentChanges.back().text,
           params.textDocument.version);
  }
  void didClose(const DidCloseTextDocumentParams &params) {
    if (documents.erase(params.textDocument.uri.uri()))
      publish(PublishDiagnosticsParams(params.textDocument.uri, 0));
  }

  /// Replies with what `answer` makes of the document, or that there is none.
  template <typename Result>
  void answer(const URIForFile &uri, Callback<Result> reply,
              llvm::function_ref<Result(const Document &)> answer) {
    auto it = documents.find(uri.uri());
    if (it != documents.end())
      return reply(answer(*it->second));
    reply(llvm::make_error<LSPError>("'" + uri.uri().str() + "' is not open",
                                     ErrorCode::InvalidParams));
  }
  void hover(const TextDocumentPositionParams &params,
             Callback<std::optional<Hover>> reply) {
    answer<std::optional<Hover>>(
        params.textDocument.uri, std::move(reply),
        [&](const Document &it) { return hoverAt(it, params.position); });
  }
  void definition(const TextDocumentPositionParams &params,
                  Callback<std::vector<llvm::lsp::Location>> reply) {
    const URIForFile &uri = params.textDocument.uri;
    answer<std::vector<llvm::lsp::Location>>(
        uri, std::move(reply), [&](const Document &it) {
          return definitionAt(it, params.position, uri);
        });
  }
  void completion(const CompletionParams &params,
                  Callback<CompletionList> reply) {
    answer<CompletionList>(
        params.textDocument.uri, std::move(reply),
        [&](const Document &it) { return completionAt(it, params.position); });
  }
  void symbols(const DocumentSymbolParams &params,
               Callback<std::vector<DocumentSymbol>> reply) {
    answer<std::vector<DocumentSymbol>>(params.textDocument.uri,
                                        std::move(reply), symbolsOf);
  }

  MessageHandler &handler;
  llvm::ArrayRef<Setting> given;
  StringRef version;
  OutgoingNotification<PublishDiagnosticsParams> publish;
  llvm::StringMap<std::unique_ptr<Document>> documents;
};
} // namespace

bool rnn::lsp::serve(std::FILE *in, llvm::raw_ostream &out,
                     llvm::ArrayRef<Setting> given, StringRef version) {
  // A text that no file holds yet.
  URIForFile::registerSupportedScheme("untitled");
  JSONTransport *transport = nullptr;
  auto refuse = [&](json::Value id, llvm::Error why) {
    transport->reply(std::move(id), std::move(why));
  };
  JSONTransport channel(std::make_unique<CheckedInput>(in, refuse), out);
  transport = &channel;
  MessageHandler handler(channel);
  Server server(handler, given, version);
  if (llvm::Error error = channel.run(handler)) {
    Logger::error("{0}", llvm::toString(std::move(error)));
    return false;
  }
  return server.isShutDown;
}
